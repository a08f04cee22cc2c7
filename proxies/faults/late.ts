import type { Direction, Fault, LinkTrace } from '#proxies/types'
import { fault, grain, isTold, missed, struck } from './fault.ts'

/** Every chunk is held for `ms`, pipelined and in order. */
export function latency(options: { readonly ms: number; readonly direction: Direction }): Fault {
  const { ms, direction } = options
  return fault({
    name: 'latency',
    direction,
    settings: { ms },
    type: 'latency',
    attributes: { latency: ms, jitter: 0 },
    severs: false,
    prove(faulted, control) {
      const late = lateness(faulted, control, ms)
      if (typeof late === 'string') return missed(late)
      return struck('every answer came at least the injected delay after its question', late)
    },
  })
}

/** Of what `jitter` allows, this much more than without it must be seen: the rest is chance. */
const seenOfJitter = 1 / 4

/**
 * Latency that varies: each chunk is held for `ms`, give or take `jitter`, in order. Proven by the answers to several
 * questions: with fewer than five, they may be alike by chance.
 * @throws RangeError where `jitter` is 0, or not below `ms`: the least delay is part of the proof.
 */
export function jitter(options: {
  readonly ms: number
  readonly jitter: number
  readonly direction: Direction
}): Fault {
  const { ms, jitter: by, direction } = options
  if (!(by > 0 && by < ms)) throw new RangeError(`fault jitter: jitter must be between 0 and ms, not ${by}`)
  return fault({
    name: 'jitter',
    direction,
    settings: { ms, jitter: by },
    type: 'latency',
    attributes: { latency: ms, jitter: by },
    severs: false,
    prove(faulted, control) {
      const late = lateness(faulted, control, ms - by)
      if (typeof late === 'string') return missed(late)
      const spread = spreadOf(faulted)
      const usual = spreadOf(control)
      if (spread === null || usual === null) return missed('there were no two answers to compare')
      if (spread - usual < by * seenOfJitter)
        return missed('the answers took as equally long as they do without the fault')
      return struck(
        'every answer came at least the least delay after its question, and they differed by more than without the fault',
        { ...late, spreadMs: spread, spreadWithoutFaultMs: usual },
      )
    },
  })
}

/** Between the quickest answer and the slowest; the opening is left out, which may be several questions in one. */
function spreadOf(trace: LinkTrace): number | null {
  const times = trace.roundTrips.map(([asked, answered]) => answered - asked)
  return times.length < 2 ? null : Math.max(...times) - Math.min(...times)
}

/** Why it cannot be said that nothing came before `leastMs`, or the figures that say it. */
function lateness(
  faulted: LinkTrace,
  control: LinkTrace,
  leastMs: number,
): string | Readonly<Record<string, number>> {
  const slow = quickest(faulted)
  const usual = quickest(control)
  if (slow === null || usual === null) return 'no exchange was answered that could be timed'
  if (slow < leastMs - grain) return 'an answer came sooner than the injected delay allows'
  if (!isTold(slow, usual, leastMs)) return 'the answers were as late without the fault'
  return { quickestMs: slow, quickestWithoutFaultMs: usual, injectedMs: leastMs }
}

/** The time of the quickest exchange, the opening included; null where nothing was answered. */
function quickest(trace: LinkTrace): number | null {
  const times = trace.roundTrips.map(([asked, answered]) => answered - asked)
  if (trace.openedAtMs !== null) times.push(trace.openedAtMs)
  return times.length === 0 ? null : Math.min(...times)
}

/** When one side closes, the other learns of it only after `ms`. */
export function slowClose(options: { readonly ms: number; readonly direction: Direction }): Fault {
  const { ms, direction } = options
  return fault({
    name: 'slow-close',
    direction,
    settings: { ms },
    type: 'slow_close',
    attributes: { delay: ms },
    severs: false,
    prove(faulted, control) {
      const late = lull(faulted)
      const usual = lull(control)
      if (late === null || usual === null)
        return missed('the target did not end the connection, with and without the fault')
      if (late < ms - grain) return missed('the end of the connection came sooner than the fault allows')
      if (!isTold(late, usual, ms)) return missed('the end of the connection was as late without the fault')
      return struck('the end of the connection came at least the injected delay behind the last byte', {
        lateMs: late,
        lateWithoutFaultMs: usual,
        injectedMs: ms,
      })
    },
  })
}

/** From the last byte in either direction to the end by the other side; null where there was no such end. */
function lull(trace: LinkTrace): number | null {
  if (trace.ending === null || trace.ending.by !== 'peer') return null
  return trace.ending.ms - Math.max(trace.arrivals.at(-1)?.ms ?? 0, trace.departures.at(-1)?.ms ?? 0)
}
