/**
 * Records what went over the wire, bounded in entries and in bytes, without credentials. Bytes are redacted before they
 * are cut, so that no part of a secret remains.
 */

export interface Entry {
  readonly ms: number
  readonly from: 'harness' | 'target' | 'proxy'
  readonly kind: 'open' | 'head' | 'frame' | 'bytes' | 'event' | 'end' | 'note'
  readonly note: string
  readonly hex: string | null
}

interface TranscriptOptions {
  /** Milliseconds since the check began. */
  readonly now: () => number
  readonly redactText?: (value: string) => string
  readonly redactBytes?: (value: Uint8Array) => Uint8Array
  /** Number of entries kept: half of them the first, half the last. Default 200. */
  readonly maxEntries?: number
  /** Bytes of one entry shown as hex, four times as many for a head. Default 96. */
  readonly maxBytes?: number
}

/** Bytes redacted beyond the cut: a secret that starts before the cut is found if it is no longer than this. */
const secretReach = 64 * 1024

export class Transcript {
  readonly #options: TranscriptOptions
  readonly #maxEntries: number
  readonly #maxBytes: number
  readonly #first: Entry[] = []
  #last: Entry[] = []
  #dropped = 0
  #repeats = 0

  constructor(options: TranscriptOptions) {
    this.#options = options
    this.#maxEntries = options.maxEntries ?? 200
    this.#maxBytes = options.maxBytes ?? 96
  }

  /** Adds an entry. A repetition of the previous entry, if it has no bytes, is counted there (`… (3 times)`). */
  add(from: Entry['from'], kind: Entry['kind'], note: string, bytes?: Uint8Array): void {
    const text = this.#options.redactText?.(note) ?? note
    const entry: Entry = {
      ms: round(this.#options.now()),
      from,
      kind,
      note: text,
      hex: this.#hex(bytes, kind),
    }
    if (entry.hex === null && this.#merge(entry)) return
    this.#repeats = 0
    const half = Math.ceil(this.#maxEntries / 2)
    if (this.#first.length < half) {
      this.#first.push(entry)
      return
    }
    this.#last.push(entry)
    if (this.#last.length > 2 * half) {
      this.#dropped += this.#last.length - half
      this.#last = this.#last.slice(-half)
    }
  }

  entries(): readonly Entry[] {
    const half = Math.ceil(this.#maxEntries / 2)
    const last = this.#last.slice(-half)
    const dropped = this.#dropped + this.#last.length - last.length
    const at = last[0]
    if (dropped === 0 || at === undefined) return [...this.#first, ...last]
    const gap: Entry = {
      ms: at.ms,
      from: 'harness',
      kind: 'note',
      note: `${dropped} entries left out`,
      hex: null,
    }
    return [...this.#first, gap, ...last]
  }

  #merge(entry: Entry): boolean {
    const list = this.#last.length > 0 ? this.#last : this.#first
    const before = list.at(-1)
    if (before === undefined || before.hex !== null) return false
    const said = this.#repeats === 0 ? before.note : before.note.replace(/ \(\d+ times\)$/, '')
    if (before.from !== entry.from || before.kind !== entry.kind || said !== entry.note) return false
    this.#repeats = this.#repeats === 0 ? 2 : this.#repeats + 1
    list[list.length - 1] = { ...before, note: `${said} (${this.#repeats} times)` }
    return true
  }

  #hex(bytes: Uint8Array | undefined, kind: Entry['kind']): string | null {
    if (bytes === undefined) return null
    const most = this.#maxBytes * (kind === 'head' ? 4 : 1)
    const reach = bytes.subarray(0, most + secretReach)
    const clean = this.#options.redactBytes?.(reach) ?? reach
    const cut = clean.length > most || bytes.length > reach.length
    return Buffer.from(clean.subarray(0, most)).toString('hex') + (cut ? '..' : '')
  }
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10
}
