import type { Fault, LinkTrace } from '#proxies/types'

/** A connection on which nothing happened, changed as told. */
export function seen(changes: Partial<LinkTrace>): LinkTrace {
  return {
    clientToServerBytes: 100,
    serverToClientBytes: 100,
    arrivals: [{ ms: 2, bytes: 100 }],
    departures: [{ ms: 1, bytes: 100 }],
    roundTrips: [[1, 2]],
    ending: null,
    openedAtServerToClientBytes: 100,
    openedAtClientToServerBytes: 100,
    openedAtMs: 2,
    ...changes,
  }
}

/** Whether these traces prove the fault. */
export const struck = (
  fault: Fault,
  faulted: Partial<LinkTrace>,
  control: Partial<LinkTrace> = {},
): boolean => fault.prove(seen(faulted), seen(control)).struck

export const fin = { ms: 50, how: 'fin', by: 'peer' } as const
