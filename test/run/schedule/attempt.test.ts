import { expect } from 'chai'
import { Inconclusive, Violation } from '#model/errors'
import { Severed } from '#peers/faults/severed'
import type { ConnectionObserver } from '#peers/session/session'
import { EngineError } from '#proxies/types'
import { startAttempt } from '#run/schedule/attempt'
import type { AttemptObserver, RunningAttempt } from '#run/schedule/attempt'
import { fake, fakeTools } from '../fakes.ts'
import { VirtualClock } from '../virtual-clock.ts'

const environment = {
  endpoints: [],
  client: null,
  engine: null,
  redactor: { text: (value: string) => value, bytes: (value: Uint8Array) => value },
  seed: 7,
  timeScale: 1,
}

const ignored: AttemptObserver = {
  opened: () => undefined,
  ended: () => undefined,
  refused: () => undefined,
  late: () => undefined,
}

interface Options {
  readonly run: (observer: ConnectionObserver) => Promise<void> | void
  /** Closes the session; by default, at once. */
  readonly close?: () => Promise<void>
  readonly budgetMs?: number
  readonly observer?: Partial<AttemptObserver>
}

let checks = 0

function start(clock: VirtualClock, { run, close, budgetMs = 1000, observer }: Options): RunningAttempt {
  let connections: ConnectionObserver | null = null
  const check = fake(`attempt-${(checks += 1)}`, () => {
    if (connections === null) throw new Error('there is no session')
    return run(connections)
  })
  const tools = fakeTools([], clock)
  return startAttempt(
    check,
    {
      ...tools,
      openSession(given, of) {
        connections = given.observer
        const session = tools.openSession(given, of)
        return close === undefined ? session : { ...session, close }
      },
    },
    environment,
    budgetMs,
    { ...ignored, ...observer },
  )
}

const never = (): Promise<void> => new Promise<void>(() => undefined)

describe('the outcome of an attempt', () => {
  for (const [title, thrown, outcome] of [
    ['a violation', new Violation('one thing', 'another'), 'violated'],
    ['an inconclusive reason', new Inconclusive('no-event', 'none came'), 'inconclusive no-event'],
    ['a connection severed by a fault', new Severed('cut'), 'inconclusive fault-not-proven'],
    ['a failure of the proxy engine', new EngineError('gone'), 'inconclusive engine-failed'],
    ['any other error', new TypeError('unexpected'), 'crashed'],
  ] as const) {
    it(`is ${outcome} if the check throws ${title}`, async () => {
      const clock = new VirtualClock()
      const throwing = start(clock, {
        run: () => {
          throw thrown
        },
      })
      const { outcome: actual, interrupted } = await clock.run(throwing.settled)
      const reason = actual.kind === 'inconclusive' ? ` ${actual.cause.reason}` : ''
      expect([`${actual.kind}${reason}`, interrupted]).to.deep.equal([outcome, false])
    })
  }

  it('is inconclusive when the time budget is spent', async () => {
    const clock = new VirtualClock()
    const attempt = await clock.run(start(clock, { run: never, budgetMs: 300 }).settled)
    expect(attempt.outcome).to.deep.include({ kind: 'inconclusive' })
    expect([attempt.durationMs, attempt.endedAt]).to.deep.equal([300, 300])
  })

  it('means nothing if it was interrupted', async () => {
    const clock = new VirtualClock()
    const running = start(clock, { run: never })
    clock.after(40, () => running.interrupt())
    const attempt = await clock.run(running.settled)
    expect([attempt.interrupted, attempt.durationMs]).to.deep.equal([true, 40])
  })

  it('is an error if closing the session throws, whatever the check found', async () => {
    const clock = new VirtualClock()
    const error = new Error('not closed')
    const attempt = await clock.run(
      start(clock, { run: () => undefined, close: () => Promise.reject(error) }).settled,
    )
    expect(attempt.outcome).to.deep.equal({ kind: 'crashed', error })
  })

  it('is an error if closing the session takes longer than five seconds', async () => {
    const clock = new VirtualClock()
    const attempt = await clock.run(start(clock, { run: () => undefined, close: never }).settled)
    expect(attempt.outcome.kind).to.equal('crashed')
    expect([attempt.durationMs, attempt.endedAt]).to.deep.equal([0, 5000])
  })
})

describe('the record of an attempt', () => {
  it('has every connection with its times, every refusal, and the longest wait asked for', async () => {
    const clock = new VirtualClock()
    const events: string[] = []
    const ending = { by: 'target', how: 'fin', code: null } as const
    const running = start(clock, {
      run: (observer) => {
        const ended = observer.opened('direct')
        observer.opened('proxy')
        observer.refused('status-503', 200)
        observer.refused('status-429', 100)
        observer.refused('econnrefused')
        return new Promise<void>((resolve) => {
          clock.after(30, () => {
            ended(ending)
            resolve()
          })
        })
      },
      observer: {
        opened: ({ route }) => events.push(`opened ${route}`),
        ended: ({ route, endedAt }) => events.push(`ended ${route} at ${endedAt}`),
        refused: (how) => events.push(how),
      },
    })
    const { connections, refusals, retryAfterMs } = await clock.run(running.settled)
    expect(connections).to.deep.equal([
      { route: 'direct', openedAt: 0, endedAt: 30, ending },
      { route: 'proxy', openedAt: 0, endedAt: null, ending: null },
    ])
    expect(refusals).to.deep.equal(['status-503', 'status-429', 'econnrefused'])
    expect(retryAfterMs).to.equal(200)
    expect(events).to.deep.equal([
      'opened direct',
      'opened proxy',
      'status-503',
      'status-429',
      'econnrefused',
      'ended direct at 30',
    ])
  })
})
