import type { Socket } from 'node:net'

import { now } from './clock.ts'
import { seededRandom } from './random.ts'
import type { ToxicEvent } from './connection-log.ts'
import type { SocketReader } from './reader.ts'
import { ToxicStage } from './toxic-stage.ts'
import type { StageOwner, Toxic } from './toxic-stage.ts'
import { unwatchPausedSocket, watchPausedSocket } from './paused-sockets.ts'
import type { StreamDirection } from '#proxies/embedded/toxics/toxic'

/** What a chain needs from its connection. */
export interface ChainOwner {
  /** Seeds of the connection. */
  readonly seeds: readonly (string | number)[]
  /** In the order of acceptance, from 1. */
  readonly number: number
  /** Logs an event. */
  note(event: Omit<ToxicEvent, 'ms'>): void
  /** The chain has written its last bytes to the destination. */
  finished(chain: ToxicChain): void
  /** Closes both sockets now: `destroy` with FIN, `reset` with RST. */
  destroy(): void
  reset(): void
}

/**
 * One direction of one connection: a source socket, the toxics in the order of their creation, a destination socket.
 * Without toxics it is a plain pipe. It never waits inside a toxic: if the destination or a toxic is full, it stops reading,
 * and every call of the API still acts at once.
 */
export class ToxicChain implements StageOwner {
  readonly direction: StreamDirection
  readonly source: Socket
  readonly destination: Socket
  received = 0
  sent = 0
  /** A write failed, so the last bytes did not arrive. */
  writeFailed = false
  readonly #owner: ChainOwner
  #stages: readonly ToxicStage[] = []
  #first: ToxicStage | null = null
  /** The source ended by RST. */
  sourceWasReset = false
  #sourceEnded = false
  #finished = false
  #paused = false

  constructor(
    owner: ChainOwner,
    direction: StreamDirection,
    source: Socket,
    destination: Socket,
    toxics: readonly Toxic[],
  ) {
    this.#owner = owner
    this.direction = direction
    this.source = source
    this.destination = destination
    for (const toxic of toxics) this.addToxic(toxic)
  }

  /** Starts to read. @param reader of a source that was connected with one. */
  start(reader?: SocketReader): void {
    if (reader === undefined) {
      this.source.on('data', (data: Buffer) => this.#read(data))
    } else {
      reader.keepsData = () => this.#first !== null || this.destination.writableLength > 0
      reader.onData = (data) => this.#read(data)
    }
    this.destination.on('drain', () => this.resumeReading())
    // A client is accepted paused; a listener alone does not resume it.
    this.source.resume()
  }

  /** True while nothing is read because the destination or a toxic is full. */
  get isPaused(): boolean {
    return this.#paused
  }

  get isFinished(): boolean {
    return this.#finished
  }

  /** False if a toxic ended the direction before its source did. */
  get hasSourceEnded(): boolean {
    return this.#sourceEnded
  }

  /** True if a toxic holds bytes or the end until after this time, or without limit. @param time ms of `now`. */
  holdsLongerThan(time: number): boolean {
    // What earlier stages hold cannot pass the last stage that holds something.
    const last = this.#stages.findLast(({ due }) => due !== null)
    return (last?.due ?? 0) > time
  }

  addToxic(toxic: Toxic): void {
    if (toxic.direction !== this.direction) return
    const random = seededRandom(...this.#owner.seeds, toxic.direction, toxic.serial)
    const stage = new ToxicStage(this, toxic, random, this.#owner.number)
    this.#stages = [...this.#stages, stage]
    if (stage.applies && !this.#finished) stage.activate(this.#passedBefore(stage))
    this.#connectStages()
  }

  /** Applies changed attributes, toxicity or connections. Other toxics are not affected, and nothing is drawn again. */
  updateToxic(toxic: Toxic): void {
    const stage = this.#stages.find((each) => each.toxic === toxic)
    if (stage === undefined || this.#finished) return
    if (stage.isActive && stage.applies) stage.update()
    else if (stage.isActive) stage.deactivate()
    else if (stage.applies && !this.#hasEndedBefore(stage)) stage.activate(this.#passedBefore(stage))
    this.#connectStages()
    this.resumeReading()
  }

  removeToxic(toxic: Toxic): void {
    const stage = this.#stages.find((each) => each.toxic === toxic)
    if (stage === undefined) return
    if (stage.isActive && !this.#finished) stage.deactivate()
    this.#stages = this.#stages.filter((each) => each !== stage)
    this.#connectStages()
    this.resumeReading()
  }

  /** The source sends no more: it sent FIN or RST, or we closed it. */
  sourceEnded(): void {
    if (this.#sourceEnded) return
    this.#sourceEnded = true
    // The socket is no longer read, and may still be reset.
    if (!this.source.destroyed) watchPausedSocket(this.source)
    if (this.#finished) return
    if (this.#first === null) this.finish()
    else this.#first.acceptEnd()
  }

  /** The destination is closed: timers stop, and later bytes are dropped. */
  destinationGone(): void {
    this.#finished = true
    for (const stage of this.#stages) stage.dispose()
    this.resumeReading()
  }

  /** Called by the last toxic. */
  deliver(data: Buffer): void {
    if (this.#finished) return
    this.sent += data.length
    this.destination.write(data)
  }

  finish(): void {
    if (this.#finished) return
    this.#finished = true
    for (const stage of this.#stages) stage.dispose()
    this.resumeReading()
    this.#owner.finished(this)
  }

  cut(): void {
    if (!this.#finished) this.#owner.destroy()
  }

  reset(): void {
    if (!this.#finished) this.#owner.reset()
  }

  note(effect: ToxicEvent['what'], toxic: Toxic, byte: number): void {
    this.#owner.note({ what: effect, toxic: toxic.name, type: toxic.kind.type, stream: this.direction, byte })
  }

  resumeReading(): void {
    if (!this.#paused || this.#mustPause()) return
    this.#paused = false
    if (!this.#sourceEnded) unwatchPausedSocket(this.source)
    this.source.resume()
  }

  /** Returns true if a toxic or the destination may still hold these bytes. */
  #read(data: Buffer): boolean {
    this.received += data.length
    const first = this.#first
    if (first !== null) {
      first.accept({ data, readAt: now() })
      if (this.#mustPause()) this.#pause()
      return true
    }
    if (this.#finished) return false
    this.sent += data.length
    if (!this.destination.write(data)) this.#pause()
    return this.destination.writableLength > 0
  }

  #pause(): void {
    if (this.#paused || this.source.destroyed) return
    this.#paused = true
    this.source.pause()
    watchPausedSocket(this.source)
  }

  #mustPause(): boolean {
    if (this.#finished) return false
    return this.destination.writableNeedDrain || this.#stages.some((stage) => stage.isFull)
  }

  #before(stage: ToxicStage): readonly ToxicStage[] {
    return this.#stages.slice(0, this.#stages.indexOf(stage)).filter((each) => each.isActive)
  }

  #hasEndedBefore(stage: ToxicStage): boolean {
    const before = this.#before(stage)
    return before.length === 0 ? this.#sourceEnded : before.some((each) => each.hasEnded)
  }

  /** Bytes of this direction that have reached a stage. */
  #passedBefore(stage: ToxicStage): number {
    return this.#before(stage).at(-1)?.passed ?? this.received
  }

  #connectStages(): void {
    let next: ToxicStage | null = null
    for (const stage of this.#stages.toReversed()) {
      if (!stage.isActive) continue
      stage.next = next
      next = stage
    }
    this.#first = next
  }
}
