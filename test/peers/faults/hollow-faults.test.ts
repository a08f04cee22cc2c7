import { expect } from 'chai'
import { Inconclusive } from '#model/errors'
import type { ResumePlan } from '#peers/kit'
import type { Kit } from '#peers/kit'
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

/** A link with some of its methods replaced. */
const altered = (link: FaultProxy, changes: Partial<FaultProxy>): FaultProxy => ({
  name: link.name,
  host: link.host,
  port: link.port,
  setFaults: (faults) => link.setFaults(faults),
  setEnabled: (enabled) => link.setEnabled(enabled),
  loggedConnections: (fault, withinMs) => link.loggedConnections(fault, withinMs),
  close: () => link.close(),
  [Symbol.asyncDispose]: () => link.close(),
  ...changes,
})

describe('an engine that does not carry out its commands', () => {
  let stage: Stage
  beforeEach(() => (stage = new Stage()))
  afterEach(() => stage.close())

  const exchange = async ({ kit }: Session<Kit>, fault: Fault): Promise<void> => {
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

  describe('with a link that ignores a command', () => {
    let engine: Engine
    let bench: Bench
    before(async () => (engine = await openEngine({ choice: 'embedded', runId: 'hollow-test' })))
    after(() => engine.close())
    beforeEach(() => (bench = new Bench()))
    afterEach(() => bench.close())

    const engineWith = (changes: (link: FaultProxy) => Partial<FaultProxy>): Engine => ({
      kind: engine.kind,
      version: engine.version,
      api: engine.api,
      async open(upstream) {
        const link = await engine.open(upstream)
        return altered(link, changes(link))
      },
      close: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    })
    const withoutToxics = (): Partial<FaultProxy> => ({ setFaults: () => Promise.resolve() })
    const staysUp = (): Partial<FaultProxy> => ({ setEnabled: () => Promise.resolve() })
    const isUpAtOnce = (link: FaultProxy): Partial<FaultProxy> => ({
      async setEnabled(enabled) {
        await link.setEnabled(enabled)
        await link.setEnabled(true)
      },
    })

    const plans: readonly (readonly [name: string, plan: ResumePlan, summary: string])[] = [
      [
        'a cut',
        { loss: { kind: 'cut', at: 'in-data' } },
        'the proxy did not end the stream inside the event that was meant',
      ],
      ['a reset', { loss: { kind: 'rst' } }, 'the proxy did not reset the connection'],
      ['a black hole', { loss: { kind: 'black-hole' } }, 'the proxy did not silence the stream'],
      [
        'a slow reconnect',
        {
          loss: { kind: 'client-fin' },
          reconnectUnder: latency({ ms: 100, direction: 'server-to-client' }),
          race: 0,
        },
        'an answer arrived sooner than the injected delay allows',
      ],
    ]
    for (const [name, plan, summary] of plans) {
      it(`does not judge a resume after ${name} without its toxic`, async () => {
        const { url, publish } = await resumeServer(bench)
        const context = bench.context(url, { publish, engine: engineWith(withoutToxics), timeScale: 0.1 })
        expect(await caught(bench.verbsOf(context).resume(plan))).to.deep.equal({
          name: 'Inconclusive',
          reason: 'fault-not-proven',
          message: `fault-not-proven: ${summary}`,
        })
        expect(context.evidence().faults).to.deep.equal([])
      })
    }

    for (const [name, changes, summary] of [
      ['did not go down', staysUp, 'the proxy did not end the connection when the link went down'],
      ['was up again at once', isUpAtOnce, 'the proxy accepted a connection while the link was down'],
    ] as const) {
      it(`does not judge a resume through a link that ${name}`, async () => {
        const { url, publish } = await resumeServer(bench)
        const context = bench.context(url, { publish, engine: engineWith(changes), timeScale: 0.1 })
        const thrown = await caught(bench.verbsOf(context).resume({ loss: { kind: 'down', ms: 20 } }))
        expect(thrown).to.deep.equal({
          name: 'Inconclusive',
          reason: 'fault-not-proven',
          message: `fault-not-proven: ${summary}`,
        })
        expect(context.evidence().faults).to.deep.equal([])
      })

      it(`does not judge an EventSource on a link that ${name}`, async () => {
        const { url, publish } = await resumeServer(bench)
        const context = bench.context(url, { publish, engine: engineWith(changes), timeScale: 0.1 })
        const verbs = bench.verbsOf(context)
        const thrown = await caught(
          verbs.clients.eventSource({
            onOpen: () => verbs.publish({ data: 'one' }),
            whileLinkDown: () => Promise.resolve(),
            until: () => true,
          }),
        )
        expect(thrown).to.deep.equal({
          name: 'Inconclusive',
          reason: 'fault-not-proven',
          message: `fault-not-proven: ${summary}`,
        })
        expect(context.evidence().faults).to.deep.equal([])
      })
    }

    it('reports an engine that refuses to take the link down, or to bring it up', async () => {
      for (const refused of [false, true]) {
        const refuses = (link: FaultProxy): Partial<FaultProxy> => ({
          setEnabled: (enabled) =>
            enabled === refused ? Promise.reject(new Error('no')) : link.setEnabled(enabled),
        })
        const { url, publish } = await resumeServer(bench)
        const verbs = bench.verbs(url, { publish, engine: engineWith(refuses), timeScale: 0.1 })
        expect(await caught(verbs.resume({ loss: { kind: 'down', ms: 20 } }))).to.include({
          name: 'Inconclusive',
          reason: 'engine-failed',
        })
      }
    })
  })
})
