import type { Ending } from '#model/model'
import { sleep } from '#run/schedule/clock'
import type { Clock } from '#run/schedule/clock'
import type { DrivenTarget, TargetDriver } from '#target/drivers/driver'

/** Time that anything takes from one end of a connection to the other, in ms. */
const latencyMs = 1

/** The client's end of a connection to a fake target. */
export interface FakeConnection {
  send(line: string): void
  /** The line that the target answers with; rejects when the connection ends first. */
  readonly answer: Promise<string>
  /** Called when the connection has ended, by either side. */
  onEnd(listener: (ending: Ending) => void): void
  close(): void
}

/** What a target does with a line: `reply` sends one back. */
export type Answer = (line: string, reply: (line: string) => void, target: FakeTarget) => void

const echo: Answer = (line, reply) => reply(line)

/** A server in memory that answers lines. It can crash, restart and refuse connections, by the clock of the test. */
export class FakeTarget {
  readonly #clock: Clock
  readonly #answer: Answer
  readonly #maxConnections: number
  readonly #open = new Set<() => void>()
  #isAccepting = true
  /** Called for each connection that is accepted. */
  onAccept: () => void = () => undefined
  crashes = 0
  /** Connections that were dropped at once because too many were open. */
  dropped = 0

  constructor(clock: Clock, answer: Answer = echo, maxConnections = Number.POSITIVE_INFINITY) {
    this.#clock = clock
    this.#answer = answer
    this.#maxConnections = maxConnections
  }

  /** Resets every connection, and accepts no new one for this long. */
  crash(forMs: number): void {
    this.crashes += 1
    for (const reset of this.#open) reset()
    this.stopAccepting(forMs)
  }

  /** Accepts no new connection for this long; the open ones stay open. */
  stopAccepting(forMs: number): void {
    if (!this.#isAccepting) return
    this.#isAccepting = false
    this.#clock.after(forMs, () => {
      this.#isAccepting = true
    })
  }

  /** Null if the target refuses the connection. */
  async connect(): Promise<FakeConnection | null> {
    await sleep(this.#clock, latencyMs)
    if (!this.#isAccepting) return null
    this.onAccept()
    const isOneTooMany = this.#open.size >= this.#maxConnections
    let isOpen = true
    let answered: (line: string) => void = () => undefined
    let failed: (error: Error) => void = () => undefined
    const answer = new Promise<string>((resolve, reject) => {
      answered = resolve
      failed = reject
    })
    answer.catch(() => undefined)
    const listeners: ((ending: Ending) => void)[] = []
    const end = (by: Ending['by'], how: Ending['how']): void => {
      if (!isOpen) return
      isOpen = false
      this.#open.delete(reset)
      failed(new Error('the connection ended'))
      for (const listener of listeners) listener({ by, how, code: null })
    }
    const reset = (): void => end('target', 'rst')
    const later = (action: () => void): void => void this.#clock.after(latencyMs, () => isOpen && action())
    if (isOneTooMany) {
      this.dropped += 1
      later(reset)
    } else this.#open.add(reset)
    return {
      send: (line) => {
        if (!isOneTooMany) later(() => this.#answer(line, (reply) => later(() => answered(reply)), this))
      },
      answer,
      onEnd: (listener) => void listeners.push(listener),
      close: () => end('harness', 'fin'),
    }
  }

  driver(target: DrivenTarget): TargetDriver {
    const isAlive = async (): Promise<boolean> => {
      const connection = await this.connect()
      connection?.close()
      return connection !== null
    }
    return {
      target,
      maxConcurrent: null,
      isAlive,
      acceptsConnections: async (count) =>
        !(await Promise.all(Array.from({ length: count }, isAlive))).includes(false),
      crashed: () => null,
      onCrash: () => () => undefined,
      restart: async () => undefined,
    }
  }
}
