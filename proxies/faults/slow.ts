import type { Direction, Fault, ConnectionTrace, Proof } from '#proxies/types'
import { directionPhrase, fault, isDelayedByFault, notProven, proven, timerToleranceMs } from './fault.ts'

/** At most `bytesPerSecond` bytes pass per second, a whole number of thousands. */
export function throttle(options: { readonly bytesPerSecond: number; readonly direction: Direction }): Fault {
  const { bytesPerSecond, direction } = options
  return fault({
    name: 'throttle',
    direction,
    settings: { bytesPerSecond },
    type: 'bandwidth',
    attributes: { rate: bytesPerSecond / 1000 },
    severs: false,
    prove: (faulted, control) =>
      compareRates(direction, (bytes) => (bytes * 1000) / bytesPerSecond, faulted, control),
  })
}

/**
 * Bytes pass in pieces of at most `size` bytes, each written separately and followed by a pause of `delayUs`
 * microseconds (default 500). Only the pauses can be proven, because the kernel may join pieces again.
 */
export function slices(options: {
  readonly size: number
  readonly delayUs?: number
  readonly direction: Direction
}): Fault {
  const { size, delayUs = 500, direction } = options
  return fault({
    name: 'slices',
    direction,
    settings: { size, delayUs },
    type: 'slicer',
    attributes: { average_size: size, size_variation: 0, delay: delayUs },
    severs: false,
    // The last byte arrives before the pause after the last piece.
    prove: (faulted, control) =>
      compareRates(
        direction,
        (bytes) => (Math.max(0, Math.ceil(bytes / size) - 1) * delayUs) / 1000,
        faulted,
        control,
      ),
  })
}

/**
 * Proves a fault that bounds a rate. Two things must hold: under the fault no bytes, counted from the first, arrived
 * before the fault lets them pass; and at least one exchange took that time under the fault and was quicker without it.
 * One exchange is enough: on a busy machine the others may be slow for another reason.
 * @param leastMs the time that the fault gives a number of bytes.
 */
function compareRates(
  direction: Direction,
  leastMs: (bytes: number) => number,
  faulted: ConnectionTrace,
  control: ConnectionTrace,
): Proof {
  const passed = passages(faulted, direction)
  const all = passed.at(-1)
  const phrase = directionPhrase(direction)
  if (all === undefined || all.bytes === 0) return notProven(`no bytes ${phrase} could be timed`)
  // Slightly short does not count as early: the real server subtracts the lateness of one timer from the next.
  const bound = (bytes: number): number => leastMs(bytes) * 0.95 - timerToleranceMs
  if (passed.some(({ bytes, ms }) => ms < bound(bytes)))
    return notProven(`bytes ${phrase} were quicker than the fault allows`)
  const controlExchanges = exchanges(control, direction)
  const [largest] = exchanges(faulted, direction)
    .flatMap(({ bytes: faultedBytes, ms: faultedMs }, index) => {
      const exchange = controlExchanges[index]
      if (exchange === undefined) return []
      return [{ faultedMs, controlMs: exchange.ms, bytes: Math.min(faultedBytes, exchange.bytes) }]
    })
    .filter(
      ({ faultedMs, controlMs, bytes }) =>
        bound(bytes) > 0 && faultedMs >= bound(bytes) && isDelayedByFault(faultedMs, controlMs, bound(bytes)),
    )
    .sort((a, b) => b.bytes - a.bytes)
  if (largest === undefined) return notProven('no exchange was quicker without the fault than with it')
  return proven(`the bytes ${phrase} took at least the time that the fault gives them, and less without it`, {
    bytes: all.bytes,
    tookMs: all.ms,
    leastMs: leastMs(all.bytes),
    exchangeBytes: largest.bytes,
    exchangeTookMs: largest.faultedMs,
    exchangeTookWithoutFaultMs: largest.controlMs,
  })
}

/** Bytes of a direction, and how long they took. */
interface Passage {
  readonly bytes: number
  readonly ms: number
}

/**
 * Bytes of the direction counted from the first, and the time by which they had certainly passed: from server to client,
 * each arrival; from client to server, when the answer to them arrived. The last passage has all bytes.
 */
function passages(trace: ConnectionTrace, direction: Direction): readonly Passage[] {
  const opening = openingOf(trace, direction)
  const first = opening === null ? [] : [opening]
  if (direction === 'server-to-client') {
    let total = 0
    return [...first, ...trace.arrivals.map(({ bytes, ms }) => ({ bytes: (total += bytes), ms }))]
  }
  const answered = trace.roundTrips.map(([asked, ms]) => ({
    // A write of the request may be noted slightly after the time when the request began.
    bytes: byteCount(trace.departures.filter((departure) => departure.ms <= asked + timerToleranceMs)),
    ms,
  }))
  return [...first, ...answered]
}

function openingOf(trace: ConnectionTrace, direction: Direction): Passage | null {
  const bytes =
    direction === 'server-to-client' ? trace.openedAtServerToClientBytes : trace.openedAtClientToServerBytes
  return bytes === null || trace.openedAtMs === null ? null : { bytes, ms: trace.openedAtMs }
}

/** The opening, and every request with its answer. */
function exchanges(trace: ConnectionTrace, direction: Direction): readonly Passage[] {
  const opening = openingOf(trace, direction)
  const requests = trace.roundTrips.map(([from, to]) => {
    const pieces =
      direction === 'server-to-client'
        ? trace.arrivals.filter(({ ms }) => ms > from && ms <= to + timerToleranceMs)
        : trace.departures.filter(({ ms }) => ms >= from && ms <= to)
    return { bytes: byteCount(pieces), ms: to - from }
  })
  return opening === null ? requests : [opening, ...requests]
}

function byteCount(pieces: readonly { readonly bytes: number }[]): number {
  return pieces.reduce((total, { bytes }) => total + bytes, 0)
}
