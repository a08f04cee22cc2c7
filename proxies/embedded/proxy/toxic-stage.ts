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

/** A toxic of a proxy. The API changes it in place. */
export interface Toxic {
  readonly name: string
  readonly kind: ToxicType
  /** As the client sent it, in its letter case. */
  readonly stream: string
  readonly direction: StreamDirection
  /** Different for each toxic that a proxy has had. Part of the seed. */
  readonly serial: number
  /** Numbers of the connections that it may act on; null: all. */
  connections: ReadonlySet<number> | null
  toxicity: number
  settings: Settings
}

/** What a stage needs from its chain. */
export interface StageOwner {
  readonly isFinished: boolean
  /** Called by the last toxic. */
  deliver(data: Buffer): void
  finish(): void
  cut(): void
  reset(): void
  note(effect: ToxicEvent['what'], toxic: Toxic, byte: number): void
  /** Reads the source again, unless the destination or a toxic is still full. */
  resumeReading(): void
}

/** One toxic in one chain. Whether the toxic applies to this connection is drawn once, when the stage is created. */
export class ToxicStage implements Outlet {
  readonly toxic: Toxic
  readonly random: Random
  next: ToxicStage | null = null
  readonly #chain: StageOwner
  readonly #draw: number
  readonly #connection: number
  #hasReceived = false
  /** Bytes of the direction that have passed this stage, including those before the toxic was active. */
  #passed = 0
  #pipe: Pipe<Settings> | null = null
  #inputEnded = false
  #ended = false

  constructor(chain: StageOwner, toxic: Toxic, random: Random, connection: number) {
    this.#chain = chain
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

  /** See `Pipe.due`. */
  get due(): number | null {
    return this.#ended ? null : (this.#pipe?.due ?? null)
  }

  /** @param before bytes of the direction that have reached this stage. */
  activate(before: number): void {
    this.#passed = before
    this.#pipe = this.toxic.kind.pipe(this, this.toxic.settings)
  }

  update(): void {
    this.#pipe?.update(this.toxic.settings)
  }

  /** Passes on everything that the toxic holds. Later bytes skip this stage. */
  deactivate(): void {
    const pipe = this.#pipe
    if (pipe === null) return
    pipe.release()
    pipe.dispose()
    if (this.#inputEnded) this.end()
    this.#pipe = null
  }

  /** Stops the toxic for good. Nothing may start a timer afterwards, because nothing would stop it. */
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
