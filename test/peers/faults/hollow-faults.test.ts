import { expect } from 'chai'
import { Inconclusive } from '#model/errors'
import type { Session } from '#peers/session/session'
import { openEngine } from '#proxies/driver/open-engine'
import {
  blackHole,
  cutAfter,
  hangUp,
  jitter,
  latency,
  resetPeer,
  slices,
  slowClose,
  throttle,
} from '#proxies/faults'
import type { Engine, Fault, FaultProxy } from '#proxies/types'
import { resumeServer } from '../resume/resume-server.ts'
import { Bench, caught } from '../sse/sse-support.ts'
import { Stage, echoing, forwarder } from '../stage.ts'

const both = (make: (direction: 'client-to-server' | 'server-to-client') => Fault): readonly Fault[] => [
  make('client-to-server'),
  make('server-to-client'),
]

const faults: readonly Fault[] = [
  ...both((direction) => latency({ ms: 100, direction })),
  ...both((direction) => jitter({ ms: 100, jitter: 20, direction })),
  ...both((direction) => throttle({ bytesPerSecond: 1000, direction })),
  ...both((direction) => slices({ size: 1, delayUs: 1000, direction })),
  ...both((direction) => cutAfter({ bytes: 40, direction })),
  ...both((direction) => hangUp({ afterMs: 20, direction })),
  ...both((direction) => resetPeer({ afterMs: 20, direction })),
  ...both((direction) => blackHole({ direction })),
  ...both((direction) => slowClose({ ms: 100, direction })),
]

/** What a link is told, and what it does not do. */
const deaf = (link: FaultProxy, what: Partial<FaultProxy>): FaultProxy => ({
  name: link.name,
  host: link.host,
  port: link.port,
  faults: [],
  setFaults: (faults) => link.setFaults(faults),
  setEnabled: (enabled) => link.setEnabled(enabled),
  loggedConnections: (fault, withinMs) => link.loggedConnections(fault, withinMs),
  close: () => link.close(),
  [Symbol.asyncDispose]: () => link.close(),
  ...what,
})

describe('an engine that does not do what it is told', () => {
  let stage: Stage
  beforeEach(() => (stage = new Stage()))
  afterEach(() => stage.close())

  const exchange = async ({ kit }: Session, fault: Fault): Promise<void> => {
    await kit.underFault(fault, async (via) => {
      const ws = await kit.connect({ via })
      for (const word of ['one', 'two', 'three']) await ws.expectEcho('text', word.repeat(20))
      await ws.close()
    })
  }

  for (const fault of faults) {
    it(`proves no ${fault.name} ${fault.direction}`, async () => {
      const engine = forwarder(stage, (_, client, upstream) =>
        upstream.on('data', (bytes) => client.write(bytes)),
      )
      const session = stage.session(await stage.serve(echoing), { engine, timeScale: 0.1 })
      const error = await exchange(session, fault).then(
        () => null,
        (thrown: unknown) => thrown,
      )
      expect(error).to.be.instanceOf(Inconclusive).with.property('reason', 'fault-not-proven')
      expect(session.evidence().faults).to.deep.equal([])
    })
  }

  describe('with a link that stays up', () => {
    let engine: Engine
    let bench: Bench
    before(async () => (engine = await openEngine({ choice: 'embedded', runId: 'hollow-test' })))
    after(() => engine.close())
    beforeEach(() => (bench = new Bench()))
    afterEach(() => bench.close())

    const stubborn = (what: (link: FaultProxy) => Partial<FaultProxy>): Engine => ({
      kind: engine.kind,
      version: engine.version,
      api: engine.api,
      async open(upstream) {
        const link = await engine.open(upstream)
        return deaf(link, what(link))
      },
      close: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    })
    const stays = (): Partial<FaultProxy> => ({ setEnabled: () => Promise.resolve() })
    const blinks = (link: FaultProxy): Partial<FaultProxy> => ({
      async setEnabled(enabled) {
        await link.setEnabled(enabled)
        await link.setEnabled(true)
      },
    })

    for (const [name, what, says] of [
      ['did not go down', stays, 'the link did not end the connection when it went down'],
      ['was up again at once', blinks, 'the link accepted a connection while it was down'],
    ] as const) {
      it(`a resume by a link that ${name} is not judged`, async () => {
        const { url, publish } = await resumeServer(bench)
        const context = bench.context(url, { publish, engine: stubborn(what), timeScale: 0.1 })
        const told = await caught(bench.verbsOf(context).resume({ loss: { kind: 'down', ms: 20 } }))
        expect(told).to.deep.equal({
          name: 'Inconclusive',
          reason: 'fault-not-proven',
          message: `fault-not-proven: ${says}`,
        })
        expect(context.evidence().faults).to.deep.equal([])
      })

      it(`an EventSource on a link that ${name} is not judged`, async () => {
        const { url, publish } = await resumeServer(bench)
        const context = bench.context(url, { publish, engine: stubborn(what), timeScale: 0.1 })
        const verbs = bench.verbsOf(context)
        const told = await caught(
          verbs.clients.undiciEventSource({
            onOpen: () => verbs.publish({ data: 'one' }),
            whileLinkDown: () => Promise.resolve(),
            until: () => true,
          }),
        )
        expect(told).to.deep.equal({
          name: 'Inconclusive',
          reason: 'fault-not-proven',
          message: `fault-not-proven: ${says}`,
        })
        expect(context.evidence().faults).to.deep.equal([])
      })
    }

    it('an engine that refuses to take it down, or to bring it up, is told as such', async () => {
      for (const refused of [false, true]) {
        const refuses = (link: FaultProxy): Partial<FaultProxy> => ({
          setEnabled: (enabled) =>
            enabled === refused ? Promise.reject(new Error('no')) : link.setEnabled(enabled),
        })
        const { url, publish } = await resumeServer(bench)
        const verbs = bench.verbs(url, { publish, engine: stubborn(refuses), timeScale: 0.1 })
        expect(await caught(verbs.resume({ loss: { kind: 'down', ms: 20 } }))).to.include({
          name: 'Inconclusive',
          reason: 'engine-failed',
        })
      }
    })
  })
})
