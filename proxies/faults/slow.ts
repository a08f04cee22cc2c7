import type { Direction, Fault, LinkTrace, Proof } from '#proxies/types'
import { fault, grain, isTold, missed, struck, way } from './fault.ts'

/** No more than so many bytes pass in a second: a whole number of thousands. */
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
      slowed(direction, (bytes) => (bytes * 1000) / bytesPerSecond, faulted, control),
  })
}

/**
 * Bytes pass in pieces of at most `size`, each written by itself and followed by a pause (500 us unless told): only
 * the pause can be proven, for the kernel may join pieces again.
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
    // No pause is waited for behind the last piece.
    prove: (faulted, control) =>
      slowed(
        direction,
        (bytes) => (Math.max(0, Math.ceil(bytes / size) - 1) * delayUs) / 1000,
        faulted,
        control,
      ),
  })
}

/**
 * Under the fault no bytes, counted from the beginning, were there before the time that it gives them; and there is an
 * exchange that took it, and was quicker without the fault. One is enough: on a busy machine the others may be slow
 * for no fault of the link.
 */
function slowed(
  direction: Direction,
  leastMs: (bytes: number) => number,
  faulted: LinkTrace,
  control: LinkTrace,
): Proof {
  const passed = passages(faulted, direction)
  const all = passed.at(-1)
  if (all === undefined || all.bytes === 0) return missed(`no bytes ${way(direction)} could be timed`)
  // What is this much short is not early: the real server takes the lateness of one timer off the next.
  const bound = (bytes: number): number => leastMs(bytes) * 0.95 - grain
  if (passed.some(({ bytes, ms }) => ms < bound(bytes)))
    return missed(`bytes ${way(direction)} were quicker than the fault allows`)
  const usual = exchanges(control, direction)
  const told = exchanges(faulted, direction)
    .flatMap((slow, index) => {
      const free = usual[index]
      return free === undefined ? [] : [{ slow, free, bytes: Math.min(slow.bytes, free.bytes) }]
    })
    .filter(
      ({ slow, free, bytes }) =>
        bound(bytes) > 0 && slow.ms >= bound(bytes) && isTold(slow.ms, free.ms, bound(bytes)),
    )
    .sort((a, b) => b.bytes - a.bytes)[0]
  if (told === undefined) return missed('no exchange was quicker without the fault than with it')
  return struck(
    `the bytes ${way(direction)} took at least the time that the fault gives them, and less without it`,
    {
      bytes: all.bytes,
      tookMs: all.ms,
      leastMs: leastMs(all.bytes),
      exchangeBytes: told.bytes,
      exchangeTookMs: told.slow.ms,
      exchangeTookWithoutFaultMs: told.free.ms,
    },
  )
}

/** Bytes of a direction, and how long they took. */
interface Passage {
  readonly bytes: number
  readonly ms: number
}

/**
 * Bytes from the first on, by when they had surely passed: downwards, at each arrival; upwards, when there was an answer
 * to them. The last has all of them.
 */
function passages(trace: LinkTrace, direction: Direction): readonly Passage[] {
  const opened = opening(trace, direction)
  const first = opened === null ? [] : [opened]
  if (direction === 'server-to-client') {
    let bytes = 0
    return [...first, ...trace.arrivals.map((one) => ({ bytes: (bytes += one.bytes), ms: one.ms }))]
  }
  const answered = trace.roundTrips.map(([asked, ms]) => ({
    // A write of the question may have been noted just behind the time at which it was begun.
    bytes: sum(trace.departures.filter((one) => one.ms <= asked + grain)),
    ms,
  }))
  return [...first, ...answered]
}

function opening(trace: LinkTrace, direction: Direction): Passage | null {
  const bytes =
    direction === 'server-to-client' ? trace.openedAtServerToClientBytes : trace.openedAtClientToServerBytes
  return bytes === null || trace.openedAtMs === null ? null : { bytes, ms: trace.openedAtMs }
}

/** The opening, and every question with its answer. */
function exchanges(trace: LinkTrace, direction: Direction): readonly Passage[] {
  const opened = opening(trace, direction)
  const asked = trace.roundTrips.map(([from, to]) => {
    const strokes =
      direction === 'server-to-client'
        ? trace.arrivals.filter(({ ms }) => ms > from && ms <= to + grain)
        : trace.departures.filter(({ ms }) => ms >= from && ms <= to)
    return { bytes: sum(strokes), ms: to - from }
  })
  return opened === null ? asked : [opened, ...asked]
}

function sum(strokes: readonly { readonly bytes: number }[]): number {
  return strokes.reduce((total, { bytes }) => total + bytes, 0)
}
