import type { ConnectionTrace, Fault } from '#proxies/types'

/** The trace of a connection without a fault, with some members replaced. */
function traceWith(changes: Partial<ConnectionTrace>): ConnectionTrace {
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
export const isProven = (
  fault: Fault,
  faulted: Partial<ConnectionTrace>,
  control: Partial<ConnectionTrace> = {},
): boolean => fault.prove(traceWith(faulted), traceWith(control)).proven

export const fin = { ms: 50, how: 'fin', by: 'peer' } as const
