import type { Socket } from 'node:net'

import { now } from './clock.ts'
import { randomOf } from './random.ts'
import type { LinkEvent } from './connection-log.ts'
import type { Reader } from './reader.ts'
import { Slot } from './toxic-stage.ts'
import type { SlotLink, Toxic } from './toxic-stage.ts'
import { unwatchStalled, watchStalled } from './paused-sockets.ts'
import type { StreamDirection } from '#proxies/embedded/toxics/toxic'

/** What a link needs of the connection that it is one half of. */
export interface LinkOwner {
  /** Seeds of this connection. */
  readonly seeds: readonly (string | number)[]
  /** In the order of acceptance, from 1. */
  readonly number: number
  /** A toxic did something for the first time. */
  note(event: Omit<LinkEvent, 'ms'>): void
  /** All that will ever go out has been written to the destination. */
  finished(link: Link): void
  /** Both sockets are to be closed now: by FIN, or by RST. */
  destroy(): void
  reset(): void
}

/**
 * One direction of one connection: source, the toxics that struck it in the order of their creation, destination.
 * Without toxics it is a bare pipe. It never waits inside a toxic: where the destination or a toxic is full, reading
 * stops, and every call of the API still acts at once.
 */
export class Link implements SlotLink {
  readonly direction: StreamDirection
  readonly source: Socket
  readonly destination: Socket
  received = 0
  sent = 0
  /** A write failed: what was sent last did not arrive. */
  hasFailed = false
  readonly #owner: LinkOwner
  #slots: readonly Slot[] = []
  #first: Slot | null = null
  /** The source ended by RST. */
  hasReset = false
  #sourceEnded = false
  #finished = false
  #held = false

  constructor(
    owner: LinkOwner,
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
  start(reader?: Reader): void {
    if (reader === undefined) {
      this.source.on('data', (data: Buffer) => this.#read(data))
    } else {
      reader.willKeep = () => this.#first !== null || this.destination.writableLength > 0
      reader.heard = (data) => this.#read(data)
    }
    this.destination.on('drain', () => this.relieve())
    // A client is accepted paused; a listener alone would not wake it.
    this.source.resume()
  }

  /** Nothing is read, because the destination or a toxic is full. */
  get isHeld(): boolean {
    return this.#held
  }

  get isFinished(): boolean {
    return this.#finished
  }

  /** False where a toxic ended the link before its source did. */
  get hasSourceEnded(): boolean {
    return this.#sourceEnded
  }

  /** A toxic holds something, bytes or the end, that it will let go only behind this time, or never. */
  holdsBeyond(time: number): boolean {
    // What the others hold cannot pass the last that holds something.
    const last = this.#slots.findLast(({ due }) => due !== null)
    return (last?.due ?? 0) > time
  }

  addToxic(toxic: Toxic): void {
    if (toxic.direction !== this.direction) return
    const random = randomOf(...this.#owner.seeds, toxic.direction, toxic.serial)
    const slot = new Slot(this, toxic, random, this.#owner.number)
    const before = this.#slots
    this.#slots = [...before, slot]
    if (slot.strikes && !this.#finished) slot.open(this.#passedBefore(slot))
    this.#wire()
  }

  /** The attributes or the toxicity were changed: only this toxic is touched, and nothing is drawn again. */
  updateToxic(toxic: Toxic): void {
    const slot = this.#slots.find((one) => one.toxic === toxic)
    if (slot === undefined || this.#finished) return
    if (slot.isOpen && slot.strikes) slot.update()
    else if (slot.isOpen) slot.close()
    else if (slot.strikes && !this.#hasEndedBefore(slot)) slot.open(this.#passedBefore(slot))
    this.#wire()
    this.relieve()
  }

  removeToxic(toxic: Toxic): void {
    const slot = this.#slots.find((one) => one.toxic === toxic)
    if (slot === undefined) return
    if (slot.isOpen && !this.#finished) slot.close()
    this.#slots = this.#slots.filter((one) => one !== slot)
    this.#wire()
    this.relieve()
  }

  /** The source will give no more: FIN, RST or closed by us. */
  sourceEnded(): void {
    if (this.#sourceEnded) return
    this.#sourceEnded = true
    // Nobody reads it any more, and it may still be reset.
    if (!this.source.destroyed) watchStalled(this.source)
    if (this.#finished) return
    if (this.#first === null) this.finish()
    else this.#first.acceptEnd()
  }

  /** Nothing can be written any more: timers stop, what still comes is dropped. */
  destinationGone(): void {
    this.#finished = true
    for (const slot of this.#slots) slot.dispose()
    this.relieve()
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
    for (const slot of this.#slots) slot.dispose()
    this.relieve()
    this.#owner.finished(this)
  }

  cut(): void {
    if (!this.#finished) this.#owner.destroy()
  }

  reset(): void {
    if (!this.#finished) this.#owner.reset()
  }

  note(what: LinkEvent['what'], toxic: Toxic, byte: number): void {
    this.#owner.note({ what, toxic: toxic.name, type: toxic.kind.type, stream: this.direction, byte })
  }

  relieve(): void {
    if (!this.#held || this.#mustHold()) return
    this.#held = false
    if (!this.#sourceEnded) unwatchStalled(this.source)
    this.source.resume()
  }

  /** True where a toxic or the destination may still hold these bytes. */
  #read(data: Buffer): boolean {
    this.received += data.length
    const first = this.#first
    if (first !== null) {
      first.accept({ data, at: now() })
      if (this.#mustHold()) this.#hold()
      return true
    }
    if (this.#finished) return false
    this.sent += data.length
    if (!this.destination.write(data)) this.#hold()
    return this.destination.writableLength > 0
  }

  #hold(): void {
    if (this.#held || this.source.destroyed) return
    this.#held = true
    this.source.pause()
    watchStalled(this.source)
  }

  #mustHold(): boolean {
    if (this.#finished) return false
    return this.destination.writableNeedDrain || this.#slots.some((slot) => slot.isFull)
  }

  #before(slot: Slot): readonly Slot[] {
    return this.#slots.slice(0, this.#slots.indexOf(slot)).filter((one) => one.isOpen)
  }

  #hasEndedBefore(slot: Slot): boolean {
    const before = this.#before(slot)
    return before.length === 0 ? this.#sourceEnded : before.some((one) => one.hasEnded)
  }

  /** Bytes of this direction that have come to the place of a toxic. */
  #passedBefore(slot: Slot): number {
    return this.#before(slot).at(-1)?.passed ?? this.received
  }

  #wire(): void {
    let next: Slot | null = null
    for (const slot of this.#slots.toReversed()) {
      if (!slot.isOpen) continue
      slot.next = next
      next = slot
    }
    this.#first = next
  }
}
