import { expect } from 'chai'

import { openEngine } from '#proxies/driver/open-engine'
import {
  blackHole,
  cutAfter,
  hangUp,
  jitter,
  latency,
  linkDown,
  resetPeer,
  slices,
  slowClose,
  throttle,
} from '#proxies/faults'
import { Outage } from '#proxies/driver/outage'
import type { WatchedConnection } from '#proxies/driver/outage'
import type { ConnectionTrace, Direction, Engine, Fault, FaultProxy, LoggedConnection } from '#proxies/types'
import { needToxiproxy } from '../../lacking.ts'
import { trace } from '../trace.ts'
import type { TracedConnection } from '../trace.ts'
import { Upstream, Wire, until } from '../wire.ts'

type Exchange = (connection: TracedConnection) => Promise<void>

const threeRequests: Exchange = async (connection) => {
  await connection.exchange(200)
  await connection.exchange(300)
  await connection.exchange(100)
}
const tenRequests: Exchange = async (connection) => {
  for (let left = 10; left > 0; left -= 1) await connection.exchange(10)
}
const longRequest: Exchange = (connection) => connection.exchange(20_000)
/** Waits for the end of the connection if there is an answer, or ends with the connection. */
const requestUntilEnd: Exchange = async (connection) => {
  await connection.exchange(400)
  await connection.ended(200)
}
/** A silent connection never answers: the wait for an answer must expire. */
const requestIntoSilence: Exchange = async (connection) => {
  await connection.exchange(400, 300)
  await connection.ended(200)
}
const requestAndClose: Exchange = async (connection) => {
  await connection.exchange(10)
  connection.fin()
  await connection.ended()
}

interface Case {
  readonly fault: Fault
  readonly exchange: Exchange
  /** The exchange under the fault, if it is another one. */
  readonly faultedExchange?: Exchange
}

const directions: readonly Direction[] = ['client-to-server', 'server-to-client']

const inBothDirections = (
  faultOf: (direction: Direction) => Fault,
  exchange: Exchange,
  faultedExchange = exchange,
): readonly Case[] =>
  directions.map((direction) => ({ fault: faultOf(direction), exchange, faultedExchange }))

/** A fault that is proven by a single exchange lasts so long that a busy machine does not delay the control as much. */
const cases: readonly Case[] = [
  ...inBothDirections((direction) => latency({ ms: 150, direction }), threeRequests),
  ...inBothDirections((direction) => jitter({ ms: 130, jitter: 100, direction }), tenRequests),
  ...inBothDirections((direction) => throttle({ bytesPerSecond: 20_000, direction }), longRequest),
  ...inBothDirections((direction) => slices({ size: 1, direction }), threeRequests),
  ...inBothDirections((direction) => slices({ size: 20, delayUs: 5000, direction }), threeRequests),
  ...inBothDirections((direction) => cutAfter({ bytes: 100, direction }), requestUntilEnd),
  ...inBothDirections((direction) => hangUp({ afterMs: 100, direction }), requestUntilEnd),
  ...inBothDirections((direction) => resetPeer({ afterMs: 0, direction }), requestUntilEnd),
  ...inBothDirections((direction) => resetPeer({ afterMs: 100, direction }), requestUntilEnd),
  ...inBothDirections((direction) => blackHole({ direction }), requestUntilEnd, requestIntoSilence),
  ...inBothDirections((direction) => slowClose({ ms: 1500, direction }), requestAndClose),
]

/** What the embedded engine logs of the faulted connection: the toxic that acted, and who ended the connection how. */
const logged: Readonly<Record<string, readonly [toxic: string, ending: string]>> = {
  latency: ['latency', 'harness fin'],
  jitter: ['latency', 'harness fin'],
  throttle: ['bandwidth', 'harness fin'],
  slices: ['slicer', 'harness fin'],
  'cut-after': ['limit_data', 'proxy fin'],
  'hang-up': ['timeout', 'proxy fin'],
  reset: ['reset_peer', 'proxy rst'],
  'black-hole': ['timeout', 'harness fin'],
  'slow-close': ['slow_close', 'harness fin'],
}

const titleOf = (fault: Fault): string => `${fault.name} ${fault.direction} ${JSON.stringify(fault.settings)}`

interface Observation {
  readonly faulted: ConnectionTrace
  readonly control: ConnectionTrace
  /** A second connection without the fault: what an engine that ignores the toxic would show. */
  readonly unfaulted: ConnectionTrace
  readonly log: readonly LoggedConnection[] | null
}

/** Cases observed at the same time: enough to overlap their waits, few enough not to slow each other down. */
const atOnce = 4

for (const choice of ['embedded', 'toxiproxy'] as const) {
  describe(`proofs of faults on real connections (${choice})`, () => {
    let engine: Engine
    let upstream: Upstream
    let observations: readonly Promise<Observation>[] = []

    before(async function () {
      if (choice === 'toxiproxy') needToxiproxy(this)
      engine = await openEngine({ choice, runId: 'faults', timeScale: 2 })
      upstream = await Upstream.open((wire) => {
        wire.socket.on('data', (data) => wire.socket.write(data))
        void wire.ended.then(() => wire.socket.end())
      })
      const lanes: Promise<unknown>[] = Array.from({ length: atOnce }, () => Promise.resolve())
      observations = cases.map((each, index) => {
        const lane = lanes[index % atOnce] ?? Promise.resolve()
        const observation = lane.then(() => observe(each))
        lanes[index % atOnce] = observation.catch(() => undefined)
        return observation
      })
    })

    after(async () => {
      await Promise.allSettled(observations)
      await (engine as Engine | undefined)?.close()
      await (upstream as Upstream | undefined)?.close()
    })

    const observe = async ({ fault, exchange, faultedExchange = exchange }: Case): Promise<Observation> => {
      await using proxy = await engine.open({ host: '127.0.0.1', port: upstream.port })
      const control = await trace(proxy, exchange)
      const unfaulted = await trace(proxy, exchange)
      await proxy.setFaults([fault])
      const faulted = await trace(proxy, faultedExchange)
      let log: Observation['log'] = null
      // The end by the harness reaches the engine later.
      await until('the engine logs how each connection ended', async () => {
        log = await proxy.loggedConnections(fault, 10_000)
        return log?.some(({ ending }) => ending === null) !== true
      })
      return { faulted, control, unfaulted, log }
    }

    for (const [index, { fault }] of cases.entries()) {
      it(titleOf(fault), async () => {
        const { faulted, control, unfaulted, log } = (await observations[index]) ?? expect.fail()
        const proof = fault.prove(faulted, control)
        expect(proof.proven, `${proof.summary} ${JSON.stringify({ faulted, control })}`).to.equal(true)
        expect(proof.summary).to.not.match(/\d/)
        for (const without of [control, unfaulted]) {
          const hollow = fault.prove(without, control)
          expect(hollow.proven, 'a connection without the fault must not prove it').to.equal(false)
          expect(hollow.summary).to.not.match(/\d/)
        }
        const entries = log?.map(({ connection, hit, ending }) => [
          connection,
          hit?.toxic,
          hit?.direction,
          hit?.byte,
          ending === null ? null : `${ending.by} ${ending.how}`,
        ])
        const [toxic, ending] = logged[fault.name] ?? []
        expect(entries ?? null).to.deep.equal(
          choice === 'embedded' ? [[3, toxic, fault.direction, 0, ending]] : null,
        )
      })
    }

    /** Runs an outage over an open connection. @param switchOf replaces how the link is taken down and brought up. */
    const runOutage = async (
      fault: ReturnType<typeof linkDown>,
      switchOf?: (proxy: FaultProxy) => Pick<FaultProxy, 'setEnabled'>,
    ) => {
      await using proxy = await engine.open({ host: '127.0.0.1', port: upstream.port })
      const wire = await Wire.connect(proxy.port, proxy.host)
      wire.send('?')
      await wire.got(1)
      const { setEnabled } = switchOf?.(proxy) ?? {
        setEnabled: (enabled: boolean) => proxy.setEnabled(enabled),
      }
      const link = { host: proxy.host, port: proxy.port, setEnabled }
      const connection = watched(wire, switchOf === undefined ? 10_000 : 100)
      try {
        const outage = await Outage.begin(link, fault, connection, 10_000)
        const outageTrace = await outage.end()
        return { isDown: outage.isDown, outageTrace, log: await proxy.loggedConnections(fault, 10_000) }
      } finally {
        wire.socket.destroy()
      }
    }
    const watched = (wire: Wire, withinMs: number): WatchedConnection => ({
      isOpen: () => wire.endedAt === null,
      async ended() {
        let timer: NodeJS.Timeout | undefined
        const timeout = new Promise((resolve) => (timer = setTimeout(resolve, withinMs)))
        await Promise.race([wire.ended, timeout])
        clearTimeout(timer)
        return wire.endedAt !== null
      },
    })

    it('link-down both {"ms":80}', async () => {
      const fault = linkDown({ ms: 80 })
      const { isDown, outageTrace, log } = await runOutage(fault)
      expect(isDown).to.equal(true)
      const proof = fault.prove(outageTrace)
      expect(proof.proven, `${proof.summary} ${JSON.stringify(outageTrace)}`).to.equal(true)
      expect(proof.summary).to.not.match(/\d/)
      const entries = log?.map(({ connection, hit, ending, clientToServerBytes, serverToClientBytes }) => ({
        connection,
        hit,
        ending,
        bytes: [clientToServerBytes, serverToClientBytes],
      }))
      expect(entries ?? null).to.deep.equal(
        choice === 'embedded'
          ? [{ connection: 1, hit: null, ending: { by: 'proxy', how: 'down' }, bytes: [1, 1] }]
          : null,
      )
    })

    it('link-down is not proven by a link that stays up', async () => {
      const fault = linkDown({ ms: 20 })
      const { isDown, outageTrace } = await runOutage(fault, () => ({ setEnabled: () => Promise.resolve() }))
      expect(isDown).to.equal(false)
      expect(outageTrace.attempts.map(({ outcome }) => outcome)).to.deep.equal(['accepted', 'accepted'])
      expect(fault.prove(outageTrace)).to.deep.equal({
        proven: false,
        summary: 'the proxy did not end the connection when the link went down',
      })
    })

    it('link-down is not proven by a link that comes up again at once', async () => {
      const fault = linkDown({ ms: 20 })
      const { outageTrace } = await runOutage(fault, (proxy) => ({
        async setEnabled(enabled) {
          await proxy.setEnabled(enabled)
          await proxy.setEnabled(true)
        },
      }))
      expect(fault.prove(outageTrace)).to.deep.equal({
        proven: false,
        summary: 'the proxy accepted a connection while the link was down',
      })
    })

    it('link-down is not proven by a link that stays down', async () => {
      const fault = linkDown({ ms: 20 })
      const { isDown, outageTrace } = await runOutage(fault, (proxy) => ({
        setEnabled: () => proxy.setEnabled(false),
      }))
      expect(isDown).to.equal(true)
      expect(fault.prove(outageTrace)).to.deep.equal({
        proven: false,
        summary: 'the proxy accepted no connection after the link came up again',
      })
    })
  })
}

describe('faults', () => {
  it('have stable names, directions and settings', () => {
    const titles = cases
      .filter(({ fault }) => fault.direction === 'client-to-server')
      .map(({ fault }) => titleOf(fault))
    expect(titles).to.deep.equal([
      'latency client-to-server {"ms":150}',
      'jitter client-to-server {"ms":130,"jitter":100}',
      'throttle client-to-server {"bytesPerSecond":20000}',
      'slices client-to-server {"size":1,"delayUs":500}',
      'slices client-to-server {"size":20,"delayUs":5000}',
      'cut-after client-to-server {"bytes":100}',
      'hang-up client-to-server {"afterMs":100}',
      'reset client-to-server {"afterMs":0}',
      'reset client-to-server {"afterMs":100}',
      'black-hole client-to-server {}',
      'slow-close client-to-server {"ms":1500}',
    ])
  })
})
