import type { Direction, Fault, LinkTrace, Proof, ToxicSpec } from './types.ts'

/**
 * Named faults, each carried out by one standard toxic and proven by what our own socket saw, against a connection
 * through the same proxy without it. Nothing here relies on the machine being idle: a proof asks for lower bounds of
 * time and exact counts of bytes, never for something to be quick under the fault.
 */

const streams = { up: 'upstream', down: 'downstream' } as const

interface Draft {
  readonly name: string
  readonly direction: Direction
  readonly settings: Readonly<Record<string, number>>
  readonly type: string
  readonly attributes: Readonly<Record<string, number>>
  readonly severs: boolean
  readonly prove: Fault['prove']
}

function fault(draft: Draft): Fault {
  const { type, attributes, ...rest } = draft
  for (const [name, value] of Object.entries(attributes)) {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new RangeError(`fault ${draft.name}: ${name} must be a whole number, not ${value}`)
  }
  const toxic: ToxicSpec = { type, stream: streams[draft.direction], attributes }
  return { ...rest, toxics: [toxic] }
}

const struck = (says: string, figures: Readonly<Record<string, number>>): Proof => ({
  struck: true,
  says,
  figures: rounded(figures),
})
const missed = (says: string): Proof => ({ struck: false, says })

function rounded(figures: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, Math.round(value * 100) / 100]),
  )
}

const way = (direction: Direction): string => (direction === 'up' ? 'towards the target' : 'from the target')

/** Timers of two processes are compared: what is a thousandth of a second short is not early. */
const grain = 1

/** Every chunk is held for `ms` (give or take `jitter`), pipelined and in order. */
export function latency(options: {
  readonly ms: number
  readonly jitter?: number
  readonly direction: Direction
}): Fault {
  const { ms, jitter = 0, direction } = options
  const least = Math.max(0, ms - jitter)
  return fault({
    name: 'latency',
    direction,
    settings: jitter === 0 ? { ms } : { ms, jitter },
    type: 'latency',
    attributes: { latency: ms, jitter },
    severs: false,
    prove(faulted, control) {
      const slow = quickest(faulted)
      const usual = quickest(control)
      if (slow === null || usual === null) return missed('no exchange was answered that could be timed')
      if (slow < least - grain || slow <= usual)
        return missed('an answer came sooner than the injected delay allows')
      return struck('every answer came at least the injected delay after its question', {
        quickestMs: slow,
        quickestWithoutFaultMs: usual,
        injectedMs: ms,
      })
    },
  })
}

/** The time of the quickest exchange, the opening included; null where nothing was answered. */
function quickest(trace: LinkTrace): number | null {
  const times = trace.roundTrips.map(([asked, answered]) => answered - asked)
  if (trace.openedAtMs !== null) times.push(trace.openedAtMs)
  return times.length === 0 ? null : Math.min(...times)
}

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
 * Under the fault all bytes together, and those of the opening, took at least the time that it gives them; and there is an
 * exchange that took it, and was quicker without the fault. One is enough: on a busy machine the others may be slow
 * for no fault of the link.
 */
function slowed(
  direction: Direction,
  leastMs: (bytes: number) => number,
  faulted: LinkTrace,
  control: LinkTrace,
): Proof {
  const all = carried(faulted, direction)
  if (all === null || all.bytes === 0) return missed(`no bytes ${way(direction)} could be timed`)
  // What is this much short is not early: the real server takes the lateness of one timer off the next.
  const bound = (bytes: number): number => leastMs(bytes) * 0.95 - grain
  const opened = opening(faulted, direction)
  if (all.ms < bound(all.bytes) || (opened !== null && opened.ms < bound(opened.bytes))) {
    return missed(`bytes ${way(direction)} were quicker than the fault allows`)
  }
  const usual = exchanges(control, direction)
  const told = exchanges(faulted, direction)
    .map((slow, index) => ({
      slow,
      free: usual[index],
      bytes: Math.min(slow.bytes, usual[index]?.bytes ?? 0),
    }))
    .filter(
      ({ slow, free, bytes }) => free !== undefined && slow.ms >= bound(bytes) && free.ms < bound(bytes),
    )
    .sort((a, b) => b.bytes - a.bytes)[0]
  if (told?.free === undefined) return missed('no exchange was quicker without the fault than with it')
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

/** All bytes of a direction, and by when they had surely passed: upwards, they had when an answer to them came. */
function carried(trace: LinkTrace, direction: Direction): Passage | null {
  if (direction === 'down') {
    const last = trace.arrivals.at(-1)
    return last === undefined ? null : { bytes: trace.bytesDown, ms: last.ms }
  }
  const answered = trace.roundTrips.at(-1)
  if (answered === undefined) return opening(trace, direction)
  // A write of the question may have been noted just behind the time at which it was begun.
  return { bytes: sum(trace.departures.filter(({ ms }) => ms <= answered[0] + grain)), ms: answered[1] }
}

function opening(trace: LinkTrace, direction: Direction): Passage | null {
  const bytes = direction === 'down' ? trace.openedAtBytesDown : trace.openedAtBytesUp
  return bytes === null || trace.openedAtMs === null ? null : { bytes, ms: trace.openedAtMs }
}

/** The opening, and every question with its answer. */
function exchanges(trace: LinkTrace, direction: Direction): readonly Passage[] {
  const opened = opening(trace, direction)
  const asked = trace.roundTrips.map(([from, to]) => {
    const strokes =
      direction === 'down'
        ? trace.arrivals.filter(({ ms }) => ms > from && ms <= to + grain)
        : trace.departures.filter(({ ms }) => ms >= from && ms <= to)
    return { bytes: sum(strokes), ms: to - from }
  })
  return opened === null ? asked : [opened, ...asked]
}

function sum(strokes: readonly { readonly bytes: number }[]): number {
  return strokes.reduce((total, { bytes }) => total + bytes, 0)
}

/** Exactly so many bytes pass, then both sides get FIN. */
export function cutAfter(options: { readonly bytes: number; readonly direction: Direction }): Fault {
  const { bytes, direction } = options
  return fault({
    name: 'cut-after',
    direction,
    settings: { bytes },
    type: 'limit_data',
    attributes: { bytes },
    severs: true,
    prove(faulted, control) {
      if (faulted.ending === null || faulted.ending.by !== 'peer')
        return missed('the link did not end the connection')
      if (direction === 'down') {
        if (control.bytesDown <= bytes) return missed('without the fault no more bytes came either')
        if (faulted.bytesDown !== bytes) return missed('the link did not cut at the byte it was told')
        return struck(
          'exactly the bytes that the fault lets pass arrived, then the link ended; without it, more came',
          {
            bytes: faulted.bytesDown,
            bytesWithoutFault: control.bytesDown,
          },
        )
      }
      if (faulted.bytesUp < bytes) return missed('fewer bytes were sent than the fault lets pass')
      if (control.ending?.by === 'peer' && control.bytesUp <= faulted.bytesUp) {
        return missed('without the fault the connection ended as well')
      }
      return struck(
        'the link ended once the bytes that the fault lets pass had been sent; without it, the connection stood',
        {
          sent: faulted.bytesUp,
          sentWithoutFault: control.bytesUp,
        },
      )
    },
  })
}

/** Both sides get RST, `afterMs` behind the first data of the direction; that data does not arrive. */
export function resetPeer(options: { readonly afterMs: number; readonly direction: Direction }): Fault {
  const { afterMs, direction } = options
  return fault({
    name: 'reset',
    direction,
    settings: { afterMs },
    type: 'reset_peer',
    attributes: { timeout: afterMs },
    severs: true,
    prove(faulted, control) {
      const { ending } = faulted
      if (ending === null || ending.by !== 'peer' || ending.how !== 'rst')
        return missed('the link did not reset the connection')
      if (ending.ms < afterMs - grain) return missed('the reset came sooner than the fault sends it')
      if (control.ending?.by === 'peer' && control.ending.how === 'rst')
        return missed('without the fault there was a reset as well')
      return struck('our socket was reset, not before its time; without the fault there was no reset', {
        resetAtMs: ending.ms,
      })
    },
  })
}

/** Every byte of the direction disappears, and the connection stays open. */
export function blackHole(options: { readonly direction: Direction }): Fault {
  const { direction } = options
  return fault({
    name: 'black-hole',
    direction,
    settings: {},
    type: 'timeout',
    attributes: { timeout: 0 },
    severs: true,
    prove(faulted, control) {
      if (faulted.ending !== null && faulted.ending.by === 'peer')
        return missed('the connection was ended, not silenced')
      if (faulted.bytesUp === 0) return missed('nothing was sent that could have been answered')
      if (faulted.bytesDown >= control.bytesDown) return missed('bytes came as they do without the fault')
      if (faulted.bytesDown > 0 && faulted.openedAtMs === null)
        return missed('bytes came although all should have been dropped')
      const says =
        faulted.bytesDown === 0
          ? 'not one byte came back and the connection stayed open; without the fault it was answered'
          : 'no further byte came and the connection stayed open; without the fault more came'
      return struck(says, { bytes: faulted.bytesDown, bytesWithoutFault: control.bytesDown })
    },
  })
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
      if (usual >= late) return missed('the end of the connection was as late without the fault')
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
