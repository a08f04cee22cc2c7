import type { Direction, Fault, LinkTrace } from '#proxies/types'
import { fault, grain, missed, struck } from './fault.ts'

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
      if (direction === 'server-to-client') {
        if (control.serverToClientBytes <= bytes) return missed('without the fault no more bytes came either')
        if (faulted.serverToClientBytes !== bytes)
          return missed('the link did not cut at the byte it was told')
        return struck(
          'exactly the bytes that the fault lets pass arrived, then the link ended; without it, more came',
          {
            bytes: faulted.serverToClientBytes,
            bytesWithoutFault: control.serverToClientBytes,
          },
        )
      }
      if (faulted.clientToServerBytes < bytes) return missed('fewer bytes were sent than the fault lets pass')
      if (control.ending?.by === 'peer' && control.clientToServerBytes <= faulted.clientToServerBytes) {
        return missed('without the fault the connection ended as well')
      }
      if (!wentUnanswered(faulted, control)) return missed('as much was answered as without the fault')
      return struck(
        'the link ended once the bytes that the fault lets pass had been sent; without it, the connection stood',
        {
          sent: faulted.clientToServerBytes,
          sentWithoutFault: control.clientToServerBytes,
        },
      )
    },
  })
}

/** A question, or the opening, got no answer that was answered without the fault. */
function wentUnanswered(faulted: LinkTrace, control: LinkTrace): boolean {
  return (
    faulted.roundTrips.length < control.roundTrips.length ||
    (faulted.openedAtMs === null && control.openedAtMs !== null)
  )
}

/**
 * Both sides get FIN once nothing was sent in the direction for `afterMs`, from the beginning of the connection on; and
 * what is sent in it does not arrive.
 * @throws RangeError where `afterMs` is 0: that would be a black hole.
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
        return missed('the link did not hang up')
      if (ending.ms < afterMs - grain) return missed('the end came sooner than the fault brings it')
      const heard = whyHeard(faulted, control, direction)
      if (heard !== null) return missed(heard)
      return struck(
        'nothing was answered and our socket got FIN, not before its time; without the fault there was an answer',
        { endedAtMs: ending.ms, bytesWithoutFault: control.serverToClientBytes },
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
      const heard = whyHeard(faulted, control, direction)
      if (heard !== null) return missed(heard)
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
      const heard = whyHeard(faulted, control, direction)
      if (heard !== null) return missed(heard)
      const summary =
        faulted.serverToClientBytes === 0
          ? 'not one byte came back and the connection stayed open; without the fault it was answered'
          : 'no answer came back and the connection stayed open; without the fault it was answered'
      return struck(summary, {
        bytes: faulted.serverToClientBytes,
        bytesWithoutFault: control.serverToClientBytes,
      })
    },
  })
}

/** Why it cannot be said that what was sent in the direction was dropped, or null. */
function whyHeard(faulted: LinkTrace, control: LinkTrace, direction: Direction): string | null {
  if (faulted.clientToServerBytes === 0) return 'nothing was sent that could have been answered'
  if (faulted.serverToClientBytes >= control.serverToClientBytes)
    return 'bytes came as they do without the fault'
  // Upwards, a target that speaks first is still heard.
  if (direction === 'server-to-client' && faulted.serverToClientBytes > 0)
    return 'bytes came although all should have been dropped'
  if (!wentUnanswered(faulted, control)) return 'as much was answered as without the fault'
  return null
}
