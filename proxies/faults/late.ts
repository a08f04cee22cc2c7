import type { Direction, Fault, ConnectionTrace } from '#proxies/types'
import { fault, isDelayedByFault, notProven, proven, timerToleranceMs } from './fault.ts'

/** Every chunk is delayed by `ms`; the delays overlap and the order is kept. */
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
      const delays = compareDelays(faulted, control, ms)
      if (typeof delays === 'string') return notProven(delays)
      return proven('every answer arrived at least the injected delay after its request', delays)
    },
  })
}

/** The answers must differ by this share of the jitter more than without the fault. The rest is left to chance. */
const leastShareOfJitter = 1 / 4

/** A busy machine may stall a few answers of the control. Up to this share of them, the slowest, does not count as variation. */
const stalledShare = 1 / 3

/**
 * Latency that varies: each chunk is delayed by `ms` plus or minus up to `jitter`, and the order is kept. The proof needs
 * the answers to at least five requests: fewer may take equally long by chance.
 * @throws RangeError unless `jitter` is above 0 and below `ms`: the least delay is part of the proof.
 */
export function jitter(options: {
  readonly ms: number
  readonly jitter: number
  readonly direction: Direction
}): Fault {
  const { ms, jitter: variationMs, direction } = options
  if (!(variationMs > 0 && variationMs < ms))
    throw new RangeError(`fault jitter: jitter must be between 0 and ms, not ${variationMs}`)
  return fault({
    name: 'jitter',
    direction,
    settings: { ms, jitter: variationMs },
    type: 'latency',
    attributes: { latency: ms, jitter: variationMs },
    severs: false,
    prove(faulted, control) {
      const delays = compareDelays(faulted, control, ms - variationMs)
      if (typeof delays === 'string') return notProven(delays)
      const spreadMs = spreadOf(faulted, 0)
      const controlSpreadMs = spreadOf(control, stalledShare)
      if (spreadMs === null || controlSpreadMs === null)
        return notProven('there were no two answers to compare')
      if (spreadMs - controlSpreadMs < variationMs * leastShareOfJitter)
        return notProven('the delays of the answers varied no more than without the fault')
      return proven(
        'every answer arrived at least the least delay after its request, and the delays varied more than without the fault',
        { ...delays, spreadMs, spreadWithoutFaultMs: controlSpreadMs },
      )
    },
  })
}

/**
 * Difference in ms between the slowest and the quickest answer. The opening may be several requests, so it is left out.
 * @param ignoredShare of the slowest answers is left out.
 * @returns null for fewer than two answers.
 */
function spreadOf(trace: ConnectionTrace, ignoredShare: number): number | null {
  const times = trace.roundTrips.map(([asked, answered]) => answered - asked).toSorted((a, b) => a - b)
  const ignored = Math.floor((times.length - 1) * ignoredShare)
  const [quickest, slowest] = [times[0], times.at(-1 - ignored)]
  return times.length < 2 || quickest === undefined || slowest === undefined ? null : slowest - quickest
}

/** The figures that prove that no answer arrived before `leastMs`, or a sentence that says why they do not. */
function compareDelays(
  faulted: ConnectionTrace,
  control: ConnectionTrace,
  leastMs: number,
): string | Readonly<Record<string, number>> {
  const faultedMs = quickest(faulted)
  const controlMs = quickest(control)
  if (faultedMs === null || controlMs === null) return 'no exchange was answered that could be timed'
  if (faultedMs < leastMs - timerToleranceMs) return 'an answer arrived sooner than the injected delay allows'
  if (!isDelayedByFault(faultedMs, controlMs, leastMs)) return 'the answers were as late without the fault'
  return { quickestMs: faultedMs, quickestWithoutFaultMs: controlMs, injectedMs: leastMs }
}

/** Duration in ms of the quickest exchange, the opening included; null if nothing was answered. */
function quickest(trace: ConnectionTrace): number | null {
  const times = trace.roundTrips.map(([asked, answered]) => answered - asked)
  if (trace.openedAtMs !== null) times.push(trace.openedAtMs)
  return times.length === 0 ? null : Math.min(...times)
}

/** When one side closes its connection, the proxy closes the other side only `ms` later. */
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
      const faultedMs = silenceBeforeEnd(faulted)
      const controlMs = silenceBeforeEnd(control)
      if (faultedMs === null || controlMs === null)
        return notProven('the target did not end the connection both with and without the fault')
      if (faultedMs < ms - timerToleranceMs)
        return notProven('the connection ended sooner than the fault allows')
      if (!isDelayedByFault(faultedMs, controlMs, ms))
        return notProven('the connection ended as late without the fault')
      return proven('the connection ended at least the injected delay after the last byte', {
        lateMs: faultedMs,
        lateWithoutFaultMs: controlMs,
        injectedMs: ms,
      })
    },
  })
}

/** Time in ms from the last byte in either direction to the end by the other side; null if that side did not end it. */
function silenceBeforeEnd(trace: ConnectionTrace): number | null {
  if (trace.ending === null || trace.ending.by !== 'peer') return null
  return trace.ending.ms - Math.max(trace.arrivals.at(-1)?.ms ?? 0, trace.departures.at(-1)?.ms ?? 0)
}
