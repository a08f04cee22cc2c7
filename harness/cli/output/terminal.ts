import type { WriteStream } from 'node:tty'
import { folded } from './layout.ts'

/** What decides about colour: `--color`, then NO_COLOR and FORCE_COLOR, then whether a person is looking. */
export interface ColourWish {
  readonly wish: 'auto' | 'always' | 'never'
  readonly env: Readonly<Record<string, string | undefined>>
  readonly isTTY: boolean
}

export function colourful({ wish, env, isTTY }: ColourWish): boolean {
  if (wish !== 'auto') return wish === 'always'
  if ((env['NO_COLOR'] ?? '') !== '') return false
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  return isTTY && env['TERM'] !== 'dumb'
}

/** Anything that a terminal could take for a command: C0, DEL, C1, and marks that turn the direction of text. */
// oxlint-disable-next-line no-control-regex -- these are the characters that must not get through
const commands = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** One line, whatever the text contains. */
export function oneLine(text: string): string {
  return text
    .replaceAll(/\s*\r?\n\s*/g, ' ')
    .replaceAll(commands, (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`)
    .toWellFormed()
}

type Output = Pick<WriteStream, 'write' | 'on'> & { readonly isTTY?: boolean; readonly columns?: number }

/** A terminal that does not know its width says 0. */
function widthOf({ columns = 0 }: Output, fallback: number): number {
  return columns >= 20 ? columns : fallback
}

/**
 * The two outputs. stdout takes the result, stderr progress and diagnostics. A reader of stdout that goes away
 * (`| head`) is no error: the rest is dropped, and files are still written.
 */
export class Terminal {
  readonly #out: Output
  readonly #err: Output
  #outClosed = false
  #progress = ''
  #mask: (text: string) => string = (text) => text
  quiet = false

  constructor(out: Output = process.stdout, err: Output = process.stderr) {
    this.#out = out
    this.#err = err
    out.on('error', () => {
      this.#outClosed = true
    })
    err.on('error', () => {
      this.quiet = true
    })
  }

  /** Whoever knows the run's secrets says how to take them out; applies to every line on stderr. */
  maskWith(mask: (text: string) => string): void {
    this.#mask = mask
  }

  get resultIsTTY(): boolean {
    return this.#out.isTTY === true
  }

  get progressIsTTY(): boolean {
    return this.#err.isTTY === true
  }

  /** Columns of the result. */
  get width(): number {
    return widthOf(this.#out, 80)
  }

  /** Columns of lists: no end of them where no person is looking, so that `grep` finds whole lines. */
  get listWidth(): number {
    return this.resultIsTTY ? this.width : Infinity
  }

  /** A part of the result. */
  print(text: string): void {
    this.clearProgress()
    if (!this.#outClosed) this.#out.write(text.endsWith('\n') ? text : `${text}\n`)
  }

  /** One line of diagnostics, whatever its text contains; a person gets it in as many as the screen is wide for. */
  diagnose(text: string): void {
    this.clearProgress()
    const width = this.progressIsTTY ? widthOf(this.#err, 80) : Infinity
    const [first = '', ...others] = folded(`streamproof: ${oneLine(this.#mask(text))}`, width)
    const rest = others.flatMap((line) => folded(line, width - 2)).map((line) => `\n  ${line}`)
    this.#err.write(`${first}${rest.join('')}\n`)
  }

  /** Help that nobody asked for: several lines, on stderr. */
  explain(text: string): void {
    this.clearProgress()
    this.#err.write(text)
  }

  /** Like `diagnose`, but only for those who did not ask for quiet, and not where a progress line tells as much. */
  note(text: string): void {
    if (!this.quiet && !this.progressIsTTY) this.diagnose(text)
  }

  /** Takes secrets out of a text, as far as they are known. */
  masked(text: string): string {
    return this.#mask(text)
  }

  /** The progress line: rewritten on a terminal, absent elsewhere. */
  progress(text: string): void {
    if (this.quiet || !this.progressIsTTY) return
    const line = oneLine(this.#mask(text)).slice(0, widthOf(this.#err, 80) - 1)
    if (line === this.#progress) return
    this.#err.write(`\r\u001b[K${line}`)
    this.#progress = line
  }

  clearProgress(): void {
    if (this.#progress === '') return
    this.#err.write('\r\u001b[K')
    this.#progress = ''
  }
}
