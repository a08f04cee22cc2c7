import type { Direction, Fault, ConnectionTrace } from '#proxies/types'
import { fault, notProven, proven, timerToleranceMs } from './fault.ts'

/** Exactly `bytes` bytes of the direction pass, then both sides get FIN. */
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
        return notProven('the proxy did not end the connection')
      if (direction === 'server-to-client') {
        if (control.serverToClientBytes <= bytes)
          return notProven('without the fault no more bytes arrived either')
        if (faulted.serverToClientBytes !== bytes)
          return notProven('the proxy did not cut at the byte that the fault names')
        return proven(
          'exactly the bytes that the fault lets pass arrived, then the proxy ended the connection; without the fault more arrived',
          {
            bytes: faulted.serverToClientBytes,
            bytesWithoutFault: control.serverToClientBytes,
          },
        )
      }
      if (faulted.clientToServerBytes < bytes)
        return notProven('fewer bytes were sent than the fault lets pass')
      if (control.ending?.by === 'peer' && control.clientToServerBytes <= faulted.clientToServerBytes) {
        return notProven('the connection also ended without the fault')
      }
      if (!wentUnanswered(faulted, control))
        return notProven('the target answered as much as without the fault')
      return proven(
        'the proxy ended the connection once the bytes that the fault lets pass had been sent; without the fault it stayed open',
        {
          sent: faulted.clientToServerBytes,
          sentWithoutFault: control.clientToServerBytes,
        },
      )
    },
  })
}

/** True if a request, or the opening, got no answer under the fault but did get one without it. */
function wentUnanswered(faulted: ConnectionTrace, control: ConnectionTrace): boolean {
  return (
    faulted.roundTrips.length < control.roundTrips.length ||
    (faulted.openedAtMs === null && control.openedAtMs !== null)
  )
}

/**
 * Both sides get FIN once nothing was sent in the direction for `afterMs`, counted from the start of the connection.
 * What is sent in that direction does not arrive.
 * @throws RangeError if `afterMs` is 0: that would be a black hole.
 */
export function hangUp(options: { readonly afterMs: number; readonly direction: Direction }): Fault {
  const { afterMs, direction } = options
  if (afterMs === 0) throw new RangeError('fault hang-up: afterMs must be more than 0')
  return fault({
    name: 'hang-up',
    direction,
    settings: { afterMs },
    type: 'timeout',
    attributes: { timeout: afterMs },
    severs: true,
    prove(faulted, control) {
      const { ending } = faulted
      if (ending === null || ending.by !== 'peer' || ending.how !== 'fin')
        return notProven('the proxy did not end the connection with FIN')
      if (ending.ms < afterMs - timerToleranceMs)
        return notProven('the connection ended sooner than the fault ends it')
      const problem = whyNotDropped(faulted, control, direction)
      if (problem !== null) return notProven(problem)
      return proven(
        'the target did not answer and the harness got FIN no sooner than the fault sends it; without the fault the target answered',
        { endedAtMs: ending.ms, bytesWithoutFault: control.serverToClientBytes },
      )
    },
  })
}

/** Both sides get RST, `afterMs` after the first data of the direction; that data does not arrive. */
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
        return notProven('the proxy did not reset the connection')
      if (ending.ms < afterMs - timerToleranceMs)
        return notProven('the reset arrived sooner than the fault sends it')
      if (control.ending?.by === 'peer' && control.ending.how === 'rst')
        return notProven('the connection was also reset without the fault')
      const problem = whyNotDropped(faulted, control, direction)
      if (problem !== null) return notProven(problem)
      return proven(
        'the harness was reset no sooner than the fault resets it; without the fault it was not',
        {
          resetAtMs: ending.ms,
        },
      )
    },
  })
}

/** Every byte of the direction is dropped, and the connection stays open. */
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
        return notProven('the connection ended, although the fault only silences it')
      const problem = whyNotDropped(faulted, control, direction)
      if (problem !== null) return notProven(problem)
      const summary =
        faulted.serverToClientBytes === 0
          ? 'not one byte arrived and the connection stayed open; without the fault the target answered'
          : 'no answer arrived and the connection stayed open; without the fault the target answered'
      return proven(summary, {
        bytes: faulted.serverToClientBytes,
        bytesWithoutFault: control.serverToClientBytes,
      })
    },
  })
}

/** Why the traces do not show that the bytes sent in the direction were dropped, or null. */
function whyNotDropped(
  faulted: ConnectionTrace,
  control: ConnectionTrace,
  direction: Direction,
): string | null {
  if (faulted.clientToServerBytes === 0) return 'nothing was sent that the target could have answered'
  if (faulted.serverToClientBytes >= control.serverToClientBytes)
    return 'as many bytes arrived as without the fault'
  // A fault from client to server does not drop what a target sends first, such as a greeting.
  if (direction === 'server-to-client' && faulted.serverToClientBytes > 0)
    return 'bytes arrived although the fault drops all of them'
  if (!wentUnanswered(faulted, control)) return 'the target answered as much as without the fault'
  return null
}
