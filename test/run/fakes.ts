import { once } from 'node:events'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import { check as declare } from '#model/check'
import type { Check } from '#model/check'
import type { Catalogue, PlacedCheck } from '#model/catalogue'
import { Inconclusive, Violation } from '#model/errors'
import type { Expectation } from '#model/expectation'
import type { Ending, Protocol } from '#model/model'
import type { Report } from '#model/result'
import { Scope } from '#common/scope'
import { conduct } from '#run/conduct'
import { deferred } from '#common/deferred'
import { UrlDriver } from '#target/drivers/url-driver'
import type { ConnectionObserver } from '#peers/session/session'
import type { RunHooks, RunSettings } from '#run/settings'
import type { RunTools, SessionOf } from '#run/schedule/tools'
import { resolveTargets } from '#target/contract/contract'
import type { Engine } from '#proxies/types'

/** The kit of the fake checks: plain TCP, one line each way. */
export interface FakeKit {
  /** Sends a line on a connection of its own, and gives the line that comes back; the connection then stands. */
  readonly ask: (line: string) => Promise<string>
  /** Waits for this long. */
  readonly wait: (ms: number) => Promise<void>
  readonly measure: (name: string, value: number) => void
  /** Tells the scheduler of a refusal, as the peers do. */
  readonly tell: ConnectionObserver['refused']
}

export interface FakeOptions {
  readonly checks: readonly PlacedCheck<FakeKit>[]
  readonly port?: number
  readonly settings?: Partial<RunSettings>
  readonly hooks?: RunHooks
  readonly capabilities?: Report['targets'][number]['capabilities']
  readonly expectations?: readonly Expectation[]
}

export function fake(
  id: string,
  run: (kit: FakeKit) => Promise<void> | void,
  more: Partial<Check<FakeKit>> = {},
): PlacedCheck<FakeKit> {
  const declared = declare<FakeKit>({
    id: `ws/fake/${id}`,
    title: `does ${id}`,
    level: 'MUST',
    clause: { spec: 'STREAMPROOF', section: 'fake' },
    topic: 'protocol',
    mutants: ['none'],
    run: async (kit) => run(kit),
    ...more,
  })
  const protocol: Protocol = 'websocket'
  return { ...declared, protocol, section: { protocol, order: 1, title: 'fake checks' } }
}

export const engine: Engine = {
  kind: 'embedded',
  version: '0',
  api: 'http://127.0.0.1:0',
  open: () => Promise.reject(new Error('there are no links here')),
  close: async () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
}

/** Settings of a run against `127.0.0.1:port`. */
export function fakeSettings(port: number): RunSettings {
  return {
    targets: resolveTargets({ ws: `ws://127.0.0.1:${port}/` }),
    engine,
    redactor: { text: (value) => value, bytes: (value) => value },
    seed: 7,
    command: 'streamproof run',
    version: '0.0.0',
  }
}

export function fakeTools(targets: Report['targets']): RunTools<FakeKit> {
  return {
    openSession,
    driver: ({ protocol, url }, index) => new UrlDriver({ index, protocol }, url),
    discover: async () => targets,
  }
}

/** Runs fake checks against `127.0.0.1:port`. */
export function runFakes(options: FakeOptions): Promise<Report> {
  const catalogue: Catalogue<FakeKit> = { checks: options.checks, expectations: options.expectations ?? [] }
  const settings: RunSettings = { ...fakeSettings(options.port ?? 9), ...options.settings }
  const tools = fakeTools([
    { role: 'server', protocol: 'websocket', url: 'ws://fake/', capabilities: { ...options.capabilities } },
  ])
  return conduct(tools, catalogue, settings, options.hooks ?? {})
}

export function verdicts(report: Report): Record<string, string> {
  return Object.fromEntries(report.results.map(({ id, verdict }) => [id.replace('ws/fake/', ''), verdict]))
}

/** What a line begins with that stands for an answer of 429; its Retry-After in ms behind it. */
export const busy = 'busy '

const openSession: RunTools<FakeKit>['openSession'] = (environment): SessionOf<FakeKit> => {
  const scope = new Scope()
  const measured: Record<string, number> = {}
  const endpoint = environment.websocket
  const kit: FakeKit = {
    async ask(line) {
      if (endpoint === null) throw new TypeError('no target')
      await environment.turn?.()
      const socket = net.connect(Number(endpoint.url.port), endpoint.url.hostname)
      scope.defer(() => socket.destroy())
      let closing = false
      scope.defer(() => {
        closing = true
      })
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', () => resolve())
        socket.once('error', (error) => {
          environment.observer.refused('econnrefused')
          reject(new Inconclusive('target-refused', 'the target refused a TCP connection', { cause: error }))
        })
      })
      const ended = environment.observer.opened('direct')
      let how: Ending['how'] = 'fin'
      socket.on('error', () => {
        how = 'rst'
      })
      socket.write(`${line}\n`)
      let text = ''
      const answer = await new Promise<string>((resolve, reject) => {
        socket.on('data', (bytes) => {
          text += bytes.toString()
          if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')))
        })
        socket.on('end', () => reject(new Violation('an answer', 'the connection ended')))
        socket.on('close', () => {
          ended({ by: closing ? 'harness' : 'target', how, code: null })
          reject(new Violation('an answer', 'the connection ended'))
        })
      })
      if (!answer.startsWith(busy)) return answer
      environment.observer.refused('status-429', Number(answer.slice(busy.length)))
      throw new Inconclusive('target-refused', 'the target is busy')
    },
    wait: (ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms)
        scope.defer(() => clearTimeout(timer))
      }),
    measure(name, value) {
      measured[name] = value
    },
    tell: (...refusal) => environment.observer.refused(...refusal),
  }
  return {
    kit,
    evidence: () => ({
      transcript: [{ ms: 0, from: 'harness', kind: 'note', note: 'a fake', hex: null }],
      faults: [],
      measured,
      close: null,
    }),
    close: async () => void (await scope.close()),
  }
}

export interface Gate {
  readonly wait: Promise<void>
  isOpen: boolean
  open(): void
}

/** What checks wait for that other checks bring about. */
export function gate(): Gate {
  const opened = deferred<void>()
  const made: Gate = {
    wait: opened.promise,
    isOpen: false,
    open() {
      made.isOpen = true
      opened.resolve()
    },
  }
  return made
}

/** Answers each line by `answer`; counts connections; can die and come back on the same port. */
export class LineServer {
  #server = net.createServer()
  readonly #sockets = new Set<net.Socket>()
  #back: NodeJS.Timeout | undefined
  readonly #answer: (line: string, server: LineServer, socket: net.Socket) => void
  readonly #most: number
  /** Called for each connection that is taken. */
  taken: () => void = () => undefined
  port = 0
  served = 0
  refused = 0
  deaths = 0

  constructor(
    answer: (line: string, server: LineServer, socket: net.Socket) => void = (line, _server, socket) =>
      void socket.write(`${line}\n`),
    most = Number.POSITIVE_INFINITY,
  ) {
    this.#answer = answer
    this.#most = most
  }

  async start(): Promise<this> {
    this.#server = net.createServer((socket) => this.#serve(socket))
    this.#server.listen(this.port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.port = (this.#server.address() as AddressInfo).port
    return this
  }

  /** Resets every connection, refuses new ones, and starts again after this long. */
  die(forMs: number): void {
    this.deaths += 1
    this.#server.close()
    for (const socket of this.#sockets) socket.resetAndDestroy()
    this.#back = setTimeout(() => void this.start(), forMs)
  }

  /** Takes no more connections for this long; those that there are go on. */
  rest(forMs: number): void {
    if (!this.#server.listening) return
    this.#server.close()
    this.#back = setTimeout(() => void this.start(), forMs)
  }

  async stop(): Promise<void> {
    clearTimeout(this.#back)
    for (const socket of this.#sockets) socket.destroy()
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve))
  }

  #serve(socket: net.Socket): void {
    if (this.#sockets.size >= this.#most) {
      this.refused += 1
      socket.resetAndDestroy()
      return
    }
    this.served += 1
    this.taken()
    this.#sockets.add(socket)
    let text = ''
    socket.on('error', () => undefined)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('data', (bytes) => {
      text += bytes.toString()
      for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n')) {
        const line = text.slice(0, at)
        text = text.slice(at + 1)
        this.#answer(line, this, socket)
      }
    })
  }
}
