import type { ToxicEvent } from './connection-log.ts'
import type { Random } from './random.ts'
import type {
  Chunk,
  Outlet,
  Pipe,
  Settings,
  StreamDirection,
  ToxicType,
} from '#proxies/embedded/toxics/toxic'

/** A toxic of a proxy, as the API made it. */
export interface Toxic {
  readonly name: string
  readonly kind: ToxicType
  /** As sent: letter case is kept. */
  readonly stream: string
  readonly direction: StreamDirection
  /** Different for each toxic that a proxy ever had: part of the seed. */
  readonly serial: number
  /** Numbers of the connections that it may strike; null: all. */
  connections: ReadonlySet<number> | null
  toxicity: number
  settings: Settings
}

/** What a toxic's place needs of the link that it is in. */
export interface StageOwner {
  readonly isFinished: boolean
  /** Called by the last toxic. */
  deliver(data: Buffer): void
  finish(): void
  cut(): void
  reset(): void
  note(what: ToxicEvent['what'], toxic: Toxic, byte: number): void
  /** Something may have become less full. */
  resumeReading(): void
}

/** The place of one toxic in one link. Whether the toxic strikes here was drawn once, when the two met. */
export class ToxicStage implements Outlet {
  readonly toxic: Toxic
  readonly random: Random
  next: ToxicStage | null = null
  readonly #chain: StageOwner
  readonly #draw: number
  readonly #connection: number
  #hasReceived = false
  /** Bytes of the direction that have gone on from this place, also those that had before the toxic did anything. */
  #passed = 0
  #pipe: Pipe<Settings> | null = null
  #inputEnded = false
  #ended = false

  constructor(link: StageOwner, toxic: Toxic, random: Random, connection: number) {
    this.#chain = link
    this.toxic = toxic
    this.random = random
    this.#connection = connection
    this.#draw = random()
  }

  get applies(): boolean {
    const { connections, toxicity } = this.toxic
    return this.#draw < toxicity && (connections?.has(this.#connection) ?? true)
  }

  get passed(): number {
    return this.#passed
  }

  get isActive(): boolean {
    return this.#pipe !== null
  }

  get hasEnded(): boolean {
    return this.#ended
  }

  get isFull(): boolean {
    return !this.#ended && this.#pipe !== null && this.#pipe.full
  }

  /** As its pipe says. */
  get due(): number | null {
    return this.#ended ? null : (this.#pipe?.due ?? null)
  }

  /** @param before bytes of the direction that have gone on from the place before. */
  activate(before: number): void {
    this.#passed = before
    this.#pipe = this.toxic.kind.pipe(this, this.toxic.settings)
  }

  update(): void {
    this.#pipe?.update(this.toxic.settings)
  }

  /** Lets go of everything; what comes then passes by. */
  deactivate(): void {
    const pipe = this.#pipe
    if (pipe === null) return
    pipe.release()
    pipe.dispose()
    if (this.#inputEnded) this.end()
    this.#pipe = null
  }

  /** For good: what a later event would start, no later event would stop. */
  dispose(): void {
    this.#pipe?.dispose()
    this.#pipe = null
  }

  accept(chunk: Chunk): void {
    const pipe = this.#pipe
    if (pipe === null || this.#ended || this.#inputEnded) return
    if (!this.#hasReceived) {
      this.#hasReceived = true
      this.#chain.note('hit', this.toxic, this.#passed)
    }
    pipe.write(chunk)
  }

  acceptEnd(): void {
    if (this.#inputEnded) return
    this.#inputEnded = true
    if (!this.#ended) this.#pipe?.end()
  }

  write(chunk: Chunk): void {
    if (this.#ended) return
    this.#passed += chunk.data.length
    if (this.next === null) this.#chain.deliver(chunk.data)
    else this.next.accept(chunk)
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    if (!this.#inputEnded) this.#chain.note('end', this.toxic, this.#passed)
    if (this.next === null) this.#chain.finish()
    else this.next.acceptEnd()
  }

  cut(): void {
    if (this.#ended || this.#chain.isFinished) return
    this.#ended = true
    this.#chain.note('end', this.toxic, this.#passed)
    this.#chain.cut()
  }

  reset(): void {
    if (this.#ended || this.#chain.isFinished) return
    this.#chain.note('reset', this.toxic, this.#passed)
    this.#chain.reset()
  }

  drained(): void {
    this.#chain.resumeReading()
  }
}
