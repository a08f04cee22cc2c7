import type { Link, LinkTrace } from '#proxies/types'
import { Wire } from './wire.ts'

/** What a test does over a traced connection. */
export interface Traced {
  /** Sends bytes and waits until as many came back, or the connection ended, or the time was up. */
  exchange(bytes: number, withinMs?: number): Promise<void>
  fin(): void
  /** Until the other side has ended the connection, at most this long. */
  ended(withinMs?: number): Promise<void>
}

/** Connects through a link, and gives what our socket saw. The first exchange counts as the opening. */
export async function trace(link: Link, use: (traced: Traced) => Promise<void>): Promise<LinkTrace> {
  const start = performance.now()
  const ms = (): number => performance.now() - start
  const wire = await Wire.connect(link.port, link.host)
  const offset = ms() - wire.now()
  const departures: { ms: number; bytes: number }[] = []
  const roundTrips: [number, number][] = []
  let ending: LinkTrace['ending'] = null
  let opened: { ms: number; up: number; down: number } | null = null
  void wire.ended.then((how) => {
    if (how !== 'closed') ending ??= { ms: (wire.endedAt ?? 0) + offset, how, by: 'peer' }
  })
  const sent = (): number => departures.reduce((sum, one) => sum + one.bytes, 0)
  const limited = async (work: Promise<unknown>, withinMs: number): Promise<void> => {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs)
    })
    await Promise.race([work.catch(() => undefined), late])
    clearTimeout(timer)
  }
  await use({
    async exchange(bytes, withinMs = 4000) {
      const asked = ms()
      const want = wire.length + bytes
      departures.push({ ms: ms(), bytes })
      wire.send(Buffer.alloc(bytes, 'q'))
      await limited(wire.got(want), withinMs)
      if (wire.length < want) return
      roundTrips.push([asked, ms()])
      opened ??= { ms: ms(), up: sent(), down: wire.length }
    },
    fin: () => wire.fin(),
    ended: (withinMs = 4000) => limited(wire.ended, withinMs),
  })
  await limited(Promise.resolve(), 1)
  const seen = opened as { ms: number; up: number; down: number } | null
  const result: LinkTrace = {
    clientToServerBytes: sent(),
    serverToClientBytes: wire.length,
    arrivals: wire.arrivals.map((one) => ({ ms: one.ms + offset, bytes: one.bytes })),
    departures,
    roundTrips,
    ending: ending ?? { ms: ms(), how: 'fin', by: 'harness' },
    openedAtServerToClientBytes: seen?.down ?? null,
    openedAtClientToServerBytes: seen?.up ?? null,
    openedAtMs: seen?.ms ?? null,
  }
  wire.socket.destroy()
  return result
}
