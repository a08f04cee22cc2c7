import { expect } from 'chai'
import { ConnectionRateLimiter, rateLimits } from '#run/schedule/connection-rate-limiter'

/** What happens to a limiter, at a time in ms. `a`, `b` and so on are checks. */
type Event =
  | readonly [at: number, event: 'acquire']
  | readonly [at: number, event: 'pause', ms: number]
  | readonly [at: number, event: 'refused', check: string, retryAfterMs: number | null]
  | readonly [at: number, event: 'succeeded', check: string]
  | readonly [at: number, event: 'stop']
  /** Nothing; only looks at the state. */
  | readonly [at: number, event: 'look']

/** The answer of the limiter, then the interval and the rest of the pause in ms. */
type Row = readonly [event: Event, answer: unknown, intervalMs: number, pauseLeftMs: number]

function play(rows: readonly Row[]): void {
  const limiter = new ConnectionRateLimiter()
  const checks = new Map<string, object>()
  const checkOf = (name: string): object => {
    const check = checks.get(name) ?? {}
    checks.set(name, check)
    return check
  }
  for (const [index, [event, answer, intervalMs, pauseLeftMs]] of rows.entries()) {
    const [at, name] = event
    const actual =
      name === 'acquire'
        ? limiter.acquire(at)
        : name === 'pause'
          ? limiter.pause(event[2], at)
          : name === 'refused'
            ? limiter.refused(checkOf(event[2]), event[3], at)
            : name === 'succeeded'
              ? limiter.succeeded(checkOf(event[2]))
              : name === 'stop'
                ? limiter.stop()
                : undefined
    expect(
      [actual, limiter.intervalMs, limiter.pauseLeftMs(at)],
      `row ${index}: ${event.join(' ')}`,
    ).to.deep.equal([answer, intervalMs, pauseLeftMs])
  }
}

const _ = undefined

const specification: Readonly<Record<string, readonly Row[]>> = {
  'lets connections be opened at any rate until one is refused': [
    [[0, 'acquire'], 0, 0, 0],
    [[0, 'acquire'], 0, 0, 0],
    [[0, 'succeeded', 'a'], false, 0, 0],
    [[0, 'acquire'], 0, 0, 0],
  ],
  'doubles the interval with each refusal, up to one second, and keeps it after a success': [
    [[0, 'refused', 'a', 0], 'retry', 50, 0],
    [[0, 'refused', 'a', 0], 'retry', 100, 0],
    [[0, 'refused', 'a', 0], 'retry', 200, 0],
    [[0, 'refused', 'a', 0], 'retry', 400, 0],
    [[0, 'refused', 'a', 0], 'retry', 800, 0],
    [[0, 'refused', 'a', 0], 'retry', 1000, 0],
    [[0, 'succeeded', 'a'], true, 1000, 0],
  ],
  'lets one connection be opened per interval': [
    [[0, 'refused', 'a', 0], 'retry', 50, 0],
    [[0, 'acquire'], 0, 50, 0],
    [[0, 'acquire'], 50, 50, 0],
    [[20, 'acquire'], 30, 50, 0],
    [[50, 'acquire'], 0, 50, 0],
    [[51, 'acquire'], 49, 50, 0],
    [[500, 'acquire'], 0, 50, 0],
  ],
  'pauses for as long as the target asks for': [
    [[0, 'refused', 'a', 30], 'retry', 50, 30],
    [[10, 'look'], _, 50, 20],
    [[30, 'look'], _, 50, 0],
  ],
  'pauses for longer with each refusal if the target asks for nothing': [
    [[0, 'refused', 'a', null], 'retry', 50, 250],
    [[0, 'refused', 'a', null], 'retry', 100, 500],
    [[0, 'refused', 'a', null], 'retry', 200, 1000],
    [[0, 'refused', 'a', null], 'retry', 400, 2000],
    [[0, 'refused', 'a', null], 'retry', 800, 4000],
    [[0, 'refused', 'a', null], 'retry', 1000, 5000],
  ],
  'pauses for five seconds at most; a shorter pause does not end a longer one': [
    [[0, 'pause', 60_000], _, 0, 5000],
    [[0, 'pause', 1], _, 0, 5000],
    [[4000, 'look'], _, 0, 1000],
    [[4000, 'pause', 60_000], _, 0, 5000],
  ],
  'gives up on a check after six pauses, and goes back to the interval before them': [
    [[0, 'refused', 'a', 0], 'retry', 50, 0],
    [[0, 'succeeded', 'a'], true, 50, 0],
    [[0, 'refused', 'b', 0], 'retry', 100, 0],
    [[0, 'refused', 'b', 0], 'retry', 200, 0],
    [[0, 'refused', 'b', 0], 'retry', 400, 0],
    [[0, 'refused', 'b', 0], 'retry', 800, 0],
    [[0, 'refused', 'b', 0], 'retry', 1000, 0],
    [[0, 'refused', 'b', 0], 'retry', 1000, 0],
    [[0, 'refused', 'b', 0], 'give-up', 50, 0],
    [[0, 'refused', 'b', 0], 'give-up', 50, 0],
    [[0, 'refused', 'c', 0], 'retry', 100, 0],
  ],
  'lets nothing wait after it was stopped': [
    [[0, 'refused', 'a', 60_000], 'retry', 50, 5000],
    [[0, 'acquire'], 0, 50, 5000],
    [[0, 'acquire'], 50, 50, 5000],
    [[0, 'stop'], _, 50, 0],
    [[0, 'acquire'], 0, 50, 0],
    [[0, 'refused', 'b', 0], 'give-up', 50, 0],
    [[0, 'pause', 100], _, 50, 0],
  ],
}

describe('the connection rate limiter', () => {
  for (const [title, rows] of Object.entries(specification)) it(title, () => play(rows))

  it('gives up when pauses have not helped three checks in a row, until a check succeeds', () => {
    const limiter = new ConnectionRateLimiter()
    for (const [index, check] of [{}, {}, {}].entries()) {
      for (let pause = 0; pause < rateLimits.pausesPerCheck; pause += 1)
        expect(limiter.refused(check, 0, 0)).to.equal('retry')
      expect(limiter.hasGivenUp).to.equal(false)
      expect(limiter.refused(check, 0, 0)).to.equal('give-up')
      expect(limiter.hasGivenUp).to.equal(index === 2)
    }
    expect(limiter.refused({}, 0, 0)).to.equal('give-up')
    expect(limiter.succeeded({})).to.equal(false)
    expect(limiter.hasGivenUp).to.equal(false)
    expect(limiter.refused({}, 0, 0)).to.equal('retry')
  })

  it('gives up when all pauses together have taken three minutes', () => {
    const limiter = new ConnectionRateLimiter()
    for (let pause = 0; pause < 35; pause += 1) {
      limiter.pause(60_000, pause * 5000)
      expect(limiter.pauseLeftMs(pause * 5000)).to.equal(5000)
    }
    expect(limiter.hasGivenUp).to.equal(false)
    limiter.pause(4000, 175_000)
    limiter.pause(60_000, 179_000)
    expect(limiter.pauseLeftMs(179_000)).to.equal(1000)
    expect(limiter.hasGivenUp).to.equal(true)
  })

  it('adds the time of forty connections to a time budget', () => {
    const limiter = new ConnectionRateLimiter()
    expect(limiter.extraBudgetMs).to.equal(0)
    limiter.refused({}, 0, 0)
    expect(limiter.extraBudgetMs).to.equal(2000)
  })
})
