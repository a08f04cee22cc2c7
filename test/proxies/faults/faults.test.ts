import { expect } from 'chai'

import { openEngine } from '#proxies/driver/engine'
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
import type { Standing } from '#proxies/driver/outage'
import type { Engine, Fault, Link, LinkTrace } from '#proxies/types'
import { needToxiproxy } from '../../lacking.ts'
import { trace } from '../trace.ts'
import type { Traced } from '../trace.ts'
import { Upstream, Wire } from '../wire.ts'

const talk = async (t: Traced): Promise<void> => {
  await t.exchange(200)
  await t.exchange(300)
  await t.exchange(100)
}
const chat = async (t: Traced): Promise<void> => {
  for (let left = 10; left > 0; left -= 1) await t.exchange(10)
}
const long = async (t: Traced): Promise<void> => {
  await t.exchange(20_000)
}
const once = async (t: Traced): Promise<void> => {
  await t.exchange(400, 300)
  await t.ended(300)
}
const leave = async (t: Traced): Promise<void> => {
  await t.exchange(10)
  t.fin()
  await t.ended()
}

interface Case {
  readonly fault: Fault
  readonly use: (t: Traced) => Promise<void>
}

const both = (
  make: (direction: 'client-to-server' | 'server-to-client') => Fault,
  use: Case['use'],
): readonly Case[] =>
  (['client-to-server', 'server-to-client'] as const).map((direction) => ({ fault: make(direction), use }))

const cases: readonly Case[] = [
  ...both((direction) => latency({ ms: 150, direction }), talk),
  ...both((direction) => jitter({ ms: 130, jitter: 100, direction }), chat),
  ...both((direction) => throttle({ bytesPerSecond: 50_000, direction }), long),
  ...both((direction) => slices({ size: 1, direction }), talk),
  ...both((direction) => slices({ size: 20, delayUs: 5000, direction }), talk),
  ...both((direction) => cutAfter({ bytes: 100, direction }), once),
  ...both((direction) => hangUp({ afterMs: 100, direction }), once),
  ...both((direction) => resetPeer({ afterMs: 0, direction }), once),
  ...both((direction) => resetPeer({ afterMs: 100, direction }), once),
  ...both((direction) => blackHole({ direction }), once),
  ...both((direction) => slowClose({ ms: 200, direction }), leave),
]

/** What the embedded engine notes of each: a toxic, and the end that it or others brought. */
const noted: Readonly<Record<string, readonly [toxic: string, ending: string]>> = {
  latency: ['latency', 'us fin'],
  jitter: ['latency', 'us fin'],
  throttle: ['bandwidth', 'us fin'],
  slices: ['slicer', 'us fin'],
  'cut-after': ['limit_data', 'link fin'],
  'hang-up': ['timeout', 'link fin'],
  reset: ['reset_peer', 'link rst'],
  'black-hole': ['timeout', 'us fin'],
  'slow-close': ['slow_close', 'us fin'],
}

const named = (fault: Fault): string => `${fault.name} ${fault.direction} ${JSON.stringify(fault.settings)}`

interface Observation {
  readonly faulted: LinkTrace
  readonly control: LinkTrace
  /** Once more without the fault: what an engine that ignores the toxic would show. */
  readonly hollow: LinkTrace
  readonly seen: Awaited<ReturnType<Link['seen']>>
}

for (const choice of ['embedded', 'toxiproxy'] as const) {
  describe(`faults, proven on both engines (${choice})`, () => {
    let engine: Engine
    let upstream: Upstream

    before(async function () {
      if (choice === 'toxiproxy') needToxiproxy(this)
      engine = await openEngine({ choice, runId: 'faults', timeScale: 2 })
      upstream = await Upstream.open((wire) => {
        wire.socket.on('data', (data) => wire.socket.write(data))
        void wire.ended.then(() => wire.socket.end())
      })
      observed = cases.map((one) => {
        const settled = Promise.allSettled([observe(one)])
        return async () => {
          const [outcome] = await settled
          if (outcome.status === 'rejected') throw outcome.reason as Error
          return outcome.value
        }
      })
    })

    after(async () => {
      await Promise.allSettled(observed.map((one) => one()))
      await (engine as Engine | undefined)?.close()
      await (upstream as Upstream | undefined)?.close()
    })

    // Each on a proxy of its own, and all side by side: their waits overlap.
    const observe = async ({ fault, use }: Case): Promise<Observation> => {
      await using link = await engine.open({ host: '127.0.0.1', port: upstream.port })
      const control = await trace(link, use)
      const hollow = await trace(link, use)
      await link.setFaults([fault])
      const faulted = await trace(link, use)
      let seen = await link.seen(fault, 5000)
      // Our own end reaches the engine when it does.
      for (let left = 50; left > 0 && seen?.some(({ ending }) => ending === null) === true; left -= 1) {
        await new Promise((resolve) => setTimeout(resolve, 20))
        seen = await link.seen(fault, 5000)
      }
      return { faulted, control, hollow, seen }
    }
    let observed: readonly (() => Promise<Observation>)[] = []

    for (const [index, { fault }] of cases.entries()) {
      let looks = 0
      it(named(fault), async function () {
        // What a busy machine spoiled is looked at again, with nothing beside it.
        this.retries(3)
        looks += 1
        const look = looks === 1 ? observed[index]?.() : observe(cases[index] ?? expect.fail())
        const { faulted, control, hollow, seen } = (await look) ?? expect.fail()
        const proof = fault.prove(faulted, control)
        expect(proof.struck, `${proof.summary} ${JSON.stringify({ faulted, control })}`).to.equal(true)
        expect(proof.summary).to.not.match(/\d/)
        for (const without of [control, hollow]) {
          const again = fault.prove(without, control)
          expect(again.struck, 'a connection without the fault must not prove it').to.equal(false)
          expect(again.summary).to.not.match(/\d/)
        }
        const told = seen?.map(({ connection, hit, ending }) => [
          connection,
          hit?.toxic,
          hit?.direction,
          hit?.byte,
          ending === null ? null : `${ending.by} ${ending.how}`,
        ])
        const [toxic, ending] = noted[fault.name] ?? []
        expect(told ?? null).to.deep.equal(
          choice === 'embedded' ? [[3, toxic, fault.direction, 0, ending]] : null,
        )
      })
    }

    /** A connection that stands, over a link whose switch may be another. */
    const outage = async (
      fault: ReturnType<typeof linkDown>,
      turn?: (link: Link) => Pick<Link, 'setEnabled'>,
    ) => {
      await using link = await engine.open({ host: '127.0.0.1', port: upstream.port })
      const wire = await Wire.connect(link.port, link.host)
      wire.send('?')
      await wire.got(1)
      const setEnabled = (enabled: boolean): Promise<void> => (turn?.(link) ?? link).setEnabled(enabled)
      const place = { host: link.host, port: link.port, setEnabled }
      try {
        const one = await Outage.begin(place, fault, standing(wire, turn === undefined ? 5000 : 100), 5000)
        const trace = await one.end()
        return { isDown: one.isDown, trace, seen: await link.seen(fault, 5000) }
      } finally {
        wire.socket.destroy()
      }
    }
    const standing = (wire: Wire, withinMs: number): Standing => ({
      stands: () => wire.endedAt === null,
      async ended() {
        let timer: NodeJS.Timeout | undefined
        const late = new Promise((resolve) => (timer = setTimeout(resolve, withinMs)))
        await Promise.race([wire.ended, late])
        clearTimeout(timer)
        return wire.endedAt !== null
      },
    })

    it('link-down both {"ms":80}', async () => {
      const fault = linkDown({ ms: 80 })
      const { isDown, trace: seen, seen: log } = await outage(fault)
      expect(isDown).to.equal(true)
      const proof = fault.prove(seen)
      expect(proof.struck, `${proof.summary} ${JSON.stringify(seen)}`).to.equal(true)
      expect(proof.summary).to.not.match(/\d/)
      const told = log?.map(({ connection, hit, ending, clientToServerBytes, serverToClientBytes }) => ({
        connection,
        hit,
        ending,
        bytes: [clientToServerBytes, serverToClientBytes],
      }))
      expect(told ?? null).to.deep.equal(
        choice === 'embedded'
          ? [{ connection: 1, hit: null, ending: { by: 'proxy', how: 'down' }, bytes: [1, 1] }]
          : null,
      )
    })

    it('link-down: a link that stays up does not prove it', async () => {
      const fault = linkDown({ ms: 20 })
      const { isDown, trace: seen } = await outage(fault, () => ({ setEnabled: () => Promise.resolve() }))
      expect(isDown).to.equal(false)
      expect(seen.tries.map(({ outcome }) => outcome)).to.deep.equal(['taken', 'taken'])
      expect(fault.prove(seen)).to.deep.equal({
        struck: false,
        summary: 'the link did not end the connection when it went down',
      })
    })

    it('link-down: a link that is up again at once does not prove it', async () => {
      const fault = linkDown({ ms: 20 })
      const { trace: seen } = await outage(fault, (link) => ({
        async setEnabled(enabled) {
          await link.setEnabled(enabled)
          await link.setEnabled(true)
        },
      }))
      expect(fault.prove(seen)).to.deep.equal({
        struck: false,
        summary: 'the link took a connection while it was down',
      })
    })

    it('link-down: a link that stays down does not prove it', async () => {
      const fault = linkDown({ ms: 20 })
      const { isDown, trace: seen } = await outage(fault, (link) => ({
        setEnabled: () => link.setEnabled(false),
      }))
      expect(isDown).to.equal(true)
      expect(fault.prove(seen)).to.deep.equal({
        struck: false,
        summary: 'the link took no connection when it came up again',
      })
    })
  })
}

describe('faults', () => {
  it('names, directions and settings are stable', () => {
    expect(cases.map(({ fault }) => named(fault)).filter((one) => one.includes(' up '))).to.deep.equal([
      'latency up {"ms":150}',
      'jitter up {"ms":130,"jitter":100}',
      'throttle up {"bytesPerSecond":50000}',
      'slices up {"size":1,"delayUs":500}',
      'slices up {"size":20,"delayUs":5000}',
      'cut-after up {"bytes":100}',
      'hang-up up {"afterMs":100}',
      'reset up {"afterMs":0}',
      'reset up {"afterMs":100}',
      'black-hole up {}',
      'slow-close up {"ms":200}',
    ])
  })
})
