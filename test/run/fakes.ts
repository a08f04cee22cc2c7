import { check as declare } from '#model/check'
import type { Check } from '#model/check'
import type { Catalogue, PlacedCheck } from '#model/catalogue'
import { Inconclusive, Violation } from '#model/errors'
import type { Expectation } from '#model/expectation'
import type { Report } from '#model/result'
import { Scope } from '#common/scope'
import { executeRun } from '#run/execute-run'
import { select } from '#run/select/select'
import { deferred } from '#common/deferred'
import type { ConnectionObserver, SessionEnvironment } from '#peers/session/session'
import type { RunHooks, RunSettings, Selection } from '#run/settings'
import { systemClock } from '#run/schedule/clock'
import type { Clock } from '#run/schedule/clock'
import type { RunTarget } from '#target/target'
import type { RunTools, SessionOf } from '#run/schedule/tools'
import { protocols, resolveTargets } from '#protocols/index'
import type { Engine } from '#proxies/types'
import { FakeTarget } from './fake-target.ts'
import { VirtualClock } from './virtual-clock.ts'

/** The kit of the fake checks: one line each way on each connection to a fake target. */
export interface FakeKit {
  /** Sends a line on a new connection, and gives the line that comes back. The connection stays open. */
  readonly ask: (line: string) => Promise<string>
  /** Waits for this long. */
  readonly wait: (ms: number) => Promise<void>
  readonly measure: (name: string, value: number) => void
  /** Reports a refusal to the scheduler, as the peers do. */
  readonly refuse: ConnectionObserver['refused']
}

export interface FakeOptions {
  readonly checks: readonly PlacedCheck<FakeKit>[]
  /** Real time by default. With a virtual clock a run takes no time. */
  readonly clock?: Clock
  /** A target that echoes every line by default. */
  readonly target?: FakeTarget
  readonly settings?: Partial<RunSettings>
  readonly selection?: Selection
  readonly hooks?: RunHooks
  readonly capabilities?: Report['targets'][number]['capabilities']
  readonly expectations?: readonly Expectation[]
}

export function fake(
  id: string,
  run: (kit: FakeKit) => Promise<void> | void,
  properties: Partial<Check<FakeKit>> = {},
): PlacedCheck<FakeKit> {
  const declared = declare<FakeKit>({
    id: `ws/fake/${id}`,
    title: `does ${id}`,
    level: 'MUST',
    clause: { spec: 'STREAMPROOF', section: 'fake' },
    topic: 'protocol',
    mutants: ['none'],
    run: async (kit) => run(kit),
    ...properties,
  })
  const protocol = 'websocket'
  return {
    ...declared,
    protocol,
    role: 'server',
    variant: null,
    section: { protocol, order: 1, title: 'fake checks' },
  }
}

export const engine: Engine = {
  kind: 'embedded',
  version: '0',
  api: 'http://127.0.0.1:0',
  open: () => Promise.reject(new Error('there are no proxies here')),
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

export function fakeTools(
  targets: Report['targets'],
  clock: Clock = systemClock,
  target: FakeTarget = new FakeTarget(clock),
  slowestMs = 0,
): RunTools<FakeKit> {
  return {
    protocols,
    clock,
    openSession: (environment) => openSession(environment, clock, target),
    discover: async () => ({ targets, slowestMs, broadcasts: false }),
  }
}

/** The targets of a run, as far as the scheduler asks about them: this fake one. */
export function drivenBy(target: FakeTarget, targets: readonly RunTarget[]): RunTarget[] {
  return targets.map((one) => ({
    ...one,
    driver: (index) => target.driver({ index, protocol: one.protocol }),
  }))
}

/** Runs fake checks, and lets the time of a virtual clock pass meanwhile. */
export function runFakes(options: FakeOptions): Promise<Report> {
  const catalogue: Catalogue<FakeKit> = { checks: options.checks, expectations: options.expectations ?? [] }
  const { clock = systemClock } = options
  const { target = new FakeTarget(clock) } = options
  const settings: RunSettings = {
    ...fakeSettings(9),
    targets: drivenBy(target, fakeSettings(9).targets),
    ...options.settings,
  }
  const capabilities = { ...options.capabilities }
  const tools = fakeTools(
    [{ role: 'server', protocol: 'websocket', url: 'ws://fake/', capabilities }],
    clock,
    target,
  )
  const selected = select(catalogue, options.selection ?? {})
  const report = executeRun(tools, selected, settings, options.hooks ?? {})
  return clock instanceof VirtualClock ? clock.run(report) : report
}

export function verdicts(report: Report): Record<string, string> {
  return Object.fromEntries(report.results.map(({ id, verdict }) => [id.replace('ws/fake/', ''), verdict]))
}

/** An answer that begins like this is a 429; its `Retry-After` in ms follows. */
export const busy = 'busy '

function openSession(environment: SessionEnvironment, clock: Clock, target: FakeTarget): SessionOf<FakeKit> {
  const scope = new Scope()
  const measured: Record<string, number> = {}
  const { observer } = environment
  const kit: FakeKit = {
    async ask(line) {
      await environment.acquireConnection?.()
      const connection = await target.connect()
      if (connection === null) {
        observer.refused('econnrefused')
        throw new Inconclusive('target-refused', 'the target refused a TCP connection')
      }
      connection.onEnd(observer.opened('direct'))
      scope.defer(() => connection.close())
      connection.send(line)
      const answer = await connection.answer.catch(() => {
        if (!scope.closed) observer.refused('econnreset')
        throw new Violation('an answer', 'the connection ended')
      })
      if (!answer.startsWith(busy)) return answer
      observer.refused('status-429', Number(answer.slice(busy.length)))
      throw new Inconclusive('target-refused', 'the target is busy')
    },
    wait: (ms) => new Promise((resolve) => scope.defer(clock.after(ms, resolve))),
    measure(name, value) {
      measured[name] = value
    },
    refuse: (...refusal) => observer.refused(...refusal),
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

/** Lets one check wait for another. */
export function gate(): Gate {
  const opened = deferred<void>()
  const created: Gate = {
    wait: opened.promise,
    isOpen: false,
    open() {
      created.isOpen = true
      opened.resolve()
    },
  }
  return created
}
