import type { ConnectionTrace, FaultProxy } from '#proxies/types'
import { Wire, limitMs } from './wire.ts'

/** What a test does over a traced connection. */
export interface TracedConnection {
  /** Sends bytes and waits until as many came back, the connection ended, or the time limit passed. */
  exchange(bytes: number, withinMs?: number): Promise<void>
  fin(): void
  /** Waits until the other side has ended the connection, or the time limit passed. */
  ended(withinMs?: number): Promise<void>
}

/** Connects through a proxy and returns what our socket saw. The first exchange counts as the opening. */
export async function trace(
  proxy: FaultProxy,
  use: (connection: TracedConnection) => Promise<void>,
): Promise<ConnectionTrace> {
  const start = performance.now()
  const ms = (): number => performance.now() - start
  const wire = await Wire.connect(proxy.port, proxy.host)
  const offset = ms() - wire.now()
  const departures: { ms: number; bytes: number }[] = []
  const roundTrips: [number, number][] = []
  const openings: { ms: number; sent: number; received: number }[] = []
  const sentBytes = (): number => departures.reduce((sum, { bytes }) => sum + bytes, 0)
  await use({
    async exchange(bytes, withinMs = limitMs) {
      const asked = ms()
      const expectedLength = wire.length + bytes
      departures.push({ ms: ms(), bytes })
      wire.send(Buffer.alloc(bytes, 'q'))
      await settledWithin(wire.got(expectedLength), withinMs)
      if (wire.length < expectedLength) return
      roundTrips.push([asked, ms()])
      openings.push({ ms: ms(), sent: sentBytes(), received: wire.length })
    },
    fin: () => wire.fin(),
    ended: (withinMs = limitMs) => settledWithin(wire.ended, withinMs),
  })
  const how = wire.endedAt === null ? 'closed' : await wire.ended
  const opening = openings[0] ?? null
  const result: ConnectionTrace = {
    clientToServerBytes: sentBytes(),
    serverToClientBytes: wire.length,
    arrivals: wire.arrivals.map((arrival) => ({ ms: arrival.ms + offset, bytes: arrival.bytes })),
    departures,
    roundTrips,
    ending:
      how === 'closed'
        ? { ms: ms(), how: 'fin', by: 'harness' }
        : { ms: (wire.endedAt ?? 0) + offset, how, by: 'peer' },
    openedAtServerToClientBytes: opening?.received ?? null,
    openedAtClientToServerBytes: opening?.sent ?? null,
    openedAtMs: opening?.ms ?? null,
  }
  wire.socket.destroy()
  return result
}

async function settledWithin(work: Promise<unknown>, withinMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, withinMs)
  })
  await Promise.race([work.catch(() => undefined), timeout])
  clearTimeout(timer)
}
