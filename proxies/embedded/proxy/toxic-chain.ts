import type { Socket } from 'node:net'

import { now } from './clock.ts'
import { seededRandom } from './random.ts'
import type { ToxicEvent } from './connection-log.ts'
import type { SocketReader } from './reader.ts'
import { ToxicStage } from './toxic-stage.ts'
import type { StageOwner, Toxic } from './toxic-stage.ts'
import { unwatchPausedSocket, watchPausedSocket } from './paused-sockets.ts'
import type { StreamDirection } from '#proxies/embedded/toxics/toxic'

/** What a link needs of the connection that it is one half of. */
export interface ChainOwner {
  /** Seeds of this connection. */
  readonly seeds: readonly (string | number)[]
  /** In the order of acceptance, from 1. */
  readonly number: number
  /** A toxic did something for the first time. */
  note(event: Omit<ToxicEvent, 'ms'>): void
  /** All that will ever go out has been written to the destination. */
  finished(link: ToxicChain): void
  /** Both sockets are to be closed now: by FIN, or by RST. */
  destroy(): void
  reset(): void
}

/**
 * One direction of one connection: source, the toxics that struck it in the order of their creation, destination.
 * Without toxics it is a bare pipe. It never waits inside a toxic: where the destination or a toxic is full, reading
 * stops, and every call of the API still acts at once.
 */
export class ToxicChain implements StageOwner {
  readonly direction: StreamDirection
  readonly source: Socket
  readonly destination: Socket
  received = 0
  sent = 0
  /** A write failed: what was sent last did not arrive. */
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

  /** Starts to read: by the reader, where the source has one. */
  start(reader?: SocketReader): void {
    if (reader === undefined) {
      this.source.on('data', (data: Buffer) => this.#read(data))
    } else {
      reader.keepsData = () => this.#first !== null || this.destination.writableLength > 0
      reader.onData = (data) => this.#read(data)
    }
    this.destination.on('drain', () => this.resumeReading())
    // A client is accepted paused; a listener alone would not wake it.
    this.source.resume()
  }

  /** Nothing is read, because the destination or a toxic is full. */
  get isPaused(): boolean {
    return this.#paused
  }

  get isFinished(): boolean {
    return this.#finished
  }

  /** False where a toxic ended the link before its source did. */
  get hasSourceEnded(): boolean {
    return this.#sourceEnded
  }

  /** A toxic holds something, bytes or the end, that it will let go only behind this time, or never. */
  holdsLongerThan(time: number): boolean {
    // What the others hold cannot pass the last that holds something.
    const last = this.#stages.findLast(({ due }) => due !== null)
    return (last?.due ?? 0) > time
  }

  addToxic(toxic: Toxic): void {
    if (toxic.direction !== this.direction) return
    const random = seededRandom(...this.#owner.seeds, toxic.direction, toxic.serial)
    const slot = new ToxicStage(this, toxic, random, this.#owner.number)
    const before = this.#stages
    this.#stages = [...before, slot]
    if (slot.applies && !this.#finished) slot.activate(this.#passedBefore(slot))
    this.#connectStages()
  }

  /** The attributes or the toxicity were changed: only this toxic is touched, and nothing is drawn again. */
  updateToxic(toxic: Toxic): void {
    const slot = this.#stages.find((one) => one.toxic === toxic)
    if (slot === undefined || this.#finished) return
    if (slot.isActive && slot.applies) slot.update()
    else if (slot.isActive) slot.deactivate()
    else if (slot.applies && !this.#hasEndedBefore(slot)) slot.activate(this.#passedBefore(slot))
    this.#connectStages()
    this.resumeReading()
  }

  removeToxic(toxic: Toxic): void {
    const slot = this.#stages.find((one) => one.toxic === toxic)
    if (slot === undefined) return
    if (slot.isActive && !this.#finished) slot.deactivate()
    this.#stages = this.#stages.filter((one) => one !== slot)
    this.#connectStages()
    this.resumeReading()
  }

  /** The source will give no more: FIN, RST or closed by us. */
  sourceEnded(): void {
    if (this.#sourceEnded) return
    this.#sourceEnded = true
    // Nobody reads it any more, and it may still be reset.
    if (!this.source.destroyed) watchPausedSocket(this.source)
    if (this.#finished) return
    if (this.#first === null) this.finish()
    else this.#first.acceptEnd()
  }

  /** Nothing can be written any more: timers stop, what still comes is dropped. */
  destinationGone(): void {
    this.#finished = true
    for (const slot of this.#stages) slot.dispose()
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
    for (const slot of this.#stages) slot.dispose()
    this.resumeReading()
    this.#owner.finished(this)
  }

  cut(): void {
    if (!this.#finished) this.#owner.destroy()
  }

  reset(): void {
    if (!this.#finished) this.#owner.reset()
  }

  note(what: ToxicEvent['what'], toxic: Toxic, byte: number): void {
    this.#owner.note({ what, toxic: toxic.name, type: toxic.kind.type, stream: this.direction, byte })
  }

  resumeReading(): void {
    if (!this.#paused || this.#mustPause()) return
    this.#paused = false
    if (!this.#sourceEnded) unwatchPausedSocket(this.source)
    this.source.resume()
  }

  /** True where a toxic or the destination may still hold these bytes. */
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
    return this.destination.writableNeedDrain || this.#stages.some((slot) => slot.isFull)
  }

  #before(slot: ToxicStage): readonly ToxicStage[] {
    return this.#stages.slice(0, this.#stages.indexOf(slot)).filter((one) => one.isActive)
  }

  #hasEndedBefore(slot: ToxicStage): boolean {
    const before = this.#before(slot)
    return before.length === 0 ? this.#sourceEnded : before.some((one) => one.hasEnded)
  }

  /** Bytes of this direction that have come to the place of a toxic. */
  #passedBefore(slot: ToxicStage): number {
    return this.#before(slot).at(-1)?.passed ?? this.received
  }

  #connectStages(): void {
    let next: ToxicStage | null = null
    for (const slot of this.#stages.toReversed()) {
      if (!slot.isActive) continue
      slot.next = next
      next = slot
    }
    this.#first = next
  }
}
