import { expect } from 'chai'

import { openEngine } from '../../proxies/engine.ts'
import { blackHole, cutAfter, latency, resetPeer, slices, slowClose, throttle } from '../../proxies/faults.ts'
import type { Engine, Fault, LinkTrace } from '../../proxies/types.ts'
import { toxiproxyProgram } from './contract/contract.ts'
import { trace } from './trace.ts'
import type { Traced } from './trace.ts'
import { Upstream } from './wire.ts'

const talk = async (t: Traced): Promise<void> => {
  await t.exchange(200)
  await t.exchange(300)
  await t.exchange(100)
}
const long = async (t: Traced): Promise<void> => {
  await t.exchange(20_000)
}
const once = async (t: Traced): Promise<void> => {
  await t.exchange(400, 300)
  await t.ended(300)
}
const hangUp = async (t: Traced): Promise<void> => {
  await t.exchange(10)
  t.fin()
  await t.ended()
}

interface Case {
  readonly fault: Fault
  readonly use: (t: Traced) => Promise<void>
}

const both = (make: (direction: 'up' | 'down') => Fault, use: Case['use']): readonly Case[] =>
  (['up', 'down'] as const).map((direction) => ({ fault: make(direction), use }))

const cases: readonly Case[] = [
  ...both((direction) => latency({ ms: 60, direction }), talk),
  ...both((direction) => latency({ ms: 60, jitter: 20, direction }), talk),
  ...both((direction) => throttle({ bytesPerSecond: 50_000, direction }), long),
  ...both((direction) => slices({ size: 1, direction }), talk),
  ...both((direction) => slices({ size: 20, delayUs: 5000, direction }), talk),
  ...both((direction) => cutAfter({ bytes: 100, direction }), once),
  ...both((direction) => resetPeer({ afterMs: 0, direction }), once),
  ...both((direction) => resetPeer({ afterMs: 100, direction }), once),
  ...both((direction) => blackHole({ direction }), once),
  ...both((direction) => slowClose({ ms: 200, direction }), hangUp),
]

const named = (fault: Fault): string => `${fault.name} ${fault.direction} ${JSON.stringify(fault.settings)}`

for (const choice of ['embedded', 'toxiproxy'] as const) {
  describe(`faults, proven on both engines (${choice})`, () => {
    let engine: Engine
    let upstream: Upstream

    before(async function () {
      if (choice === 'toxiproxy' && toxiproxyProgram() === null) {
        process.stderr.write(
          '      skipped: no toxiproxy-server on PATH, and STREAMPROOF_TOXIPROXY_SERVER names none\n',
        )
        this.skip()
      }
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
    const observe = async ({
      fault,
      use,
    }: Case): Promise<readonly [faulted: LinkTrace, control: LinkTrace]> => {
      await using link = await engine.open({ host: '127.0.0.1', port: upstream.port })
      const control = await trace(link, use)
      await link.setFaults([fault])
      return [await trace(link, use), control]
    }
    let observed: readonly (() => Promise<readonly [faulted: LinkTrace, control: LinkTrace]>)[] = []

    for (const [index, { fault }] of cases.entries()) {
      it(named(fault), async () => {
        const [faulted, control] = (await observed[index]?.()) ?? expect.fail()
        const proof = fault.prove(faulted, control)
        expect(proof.struck, `${proof.says} ${JSON.stringify({ faulted, control })}`).to.equal(true)
        expect(proof.says).to.not.match(/\d/)
        const again = fault.prove(control, control)
        expect(again.struck, 'a control must not prove a fault').to.equal(false)
        expect(again.says).to.not.match(/\d/)
      })
    }
  })
}

/** A connection on which nothing happened, changed as told. */
function seen(changes: Partial<LinkTrace>): LinkTrace {
  return {
    bytesUp: 100,
    bytesDown: 100,
    arrivals: [{ ms: 2, bytes: 100 }],
    departures: [{ ms: 1, bytes: 100 }],
    roundTrips: [[1, 2]],
    ending: null,
    openedAtBytesDown: 100,
    openedAtBytesUp: 100,
    openedAtMs: 2,
    ...changes,
  }
}

describe('proof of a fault', () => {
  const struck = (fault: Fault, faulted: Partial<LinkTrace>, control: Partial<LinkTrace> = {}): boolean =>
    fault.prove(seen(faulted), seen(control)).struck
  const fin = { ms: 50, how: 'fin', by: 'peer' } as const

  it('latency: one answer that came too soon disproves it', () => {
    const fault = latency({ ms: 50, direction: 'down' })
    expect(
      struck(fault, {
        openedAtMs: 51,
        roundTrips: [
          [60, 115],
          [120, 171],
        ],
      }),
    ).to.equal(true)
    expect(
      struck(fault, {
        openedAtMs: 51,
        roundTrips: [
          [60, 115],
          [120, 160],
        ],
      }),
    ).to.equal(false)
  })
  it('latency: a target that is slower than the latency by itself still shows it', () => {
    const fault = latency({ ms: 50, direction: 'down' })
    expect(struck(fault, { openedAtMs: 551, roundTrips: [] }, { openedAtMs: 500, roundTrips: [] })).to.equal(
      true,
    )
    expect(struck(fault, { openedAtMs: 500, roundTrips: [] }, { openedAtMs: 501, roundTrips: [] })).to.equal(
      false,
    )
  })
  it('latency: without an answer there is nothing to tell by', () => {
    expect(struck(latency({ ms: 50, direction: 'up' }), { openedAtMs: null, roundTrips: [] })).to.equal(false)
  })
  it('throttle: a target that is as slow by itself proves nothing', () => {
    const fault = throttle({ bytesPerSecond: 1000, direction: 'down' })
    const slow = {
      bytesDown: 500,
      arrivals: [{ ms: 510, bytes: 500 }],
      roundTrips: [[1, 511]] as const,
      openedAtBytesDown: 500,
      openedAtMs: 510,
    }
    expect(
      struck(fault, slow, { ...slow, arrivals: [{ ms: 20, bytes: 500 }], roundTrips: [[1, 21]] }),
    ).to.equal(true)
    expect(struck(fault, slow, slow)).to.equal(false)
  })
  it('throttle: one quick exchange without the fault is enough, however slow the others were', () => {
    const fault = throttle({ bytesPerSecond: 1000, direction: 'down' })
    const faulted = {
      bytesDown: 200,
      arrivals: [
        { ms: 101, bytes: 100 },
        { ms: 210, bytes: 100 },
      ],
      roundTrips: [[105, 210]] as const,
      openedAtBytesDown: 100,
      openedAtMs: 101,
    }
    const control = {
      bytesDown: 200,
      arrivals: [
        { ms: 300, bytes: 100 },
        { ms: 350, bytes: 100 },
      ],
      roundTrips: [[340, 350]] as const,
      openedAtMs: 300,
    }
    expect(struck(fault, faulted, control)).to.equal(true)
  })
  it('throttle: an opening that was too quick disproves it, however long the rest took', () => {
    const fault = throttle({ bytesPerSecond: 1000, direction: 'down' })
    const faulted = {
      bytesDown: 200,
      arrivals: [{ ms: 900, bytes: 200 }],
      openedAtBytesDown: 100,
      openedAtMs: 50,
    }
    expect(struck(fault, faulted)).to.equal(false)
  })
  it('throttle: bytes that were quicker than the rate disprove it', () => {
    const fault = throttle({ bytesPerSecond: 1000, direction: 'down' })
    expect(
      struck(fault, { bytesDown: 500, arrivals: [{ ms: 300, bytes: 500 }] }, { bytesDown: 500 }),
    ).to.equal(false)
  })
  it('throttle up: only what was sent before the answered question counts', () => {
    const fault = throttle({ bytesPerSecond: 1000, direction: 'up' })
    const faulted = {
      departures: [
        { ms: 1, bytes: 100 },
        { ms: 150, bytes: 5000 },
      ],
      roundTrips: [[1, 101]] as const,
      openedAtMs: 101,
    }
    expect(struck(fault, faulted)).to.equal(true)
  })
  it('cut: not at another byte', () => {
    const fault = cutAfter({ bytes: 40, direction: 'down' })
    expect(struck(fault, { bytesDown: 40, ending: fin })).to.equal(true)
    expect(struck(fault, { bytesDown: 39, ending: fin })).to.equal(false)
    expect(struck(fault, { bytesDown: 41, ending: fin })).to.equal(false)
  })
  it('cut: not where we hung up ourselves', () => {
    const fault = cutAfter({ bytes: 40, direction: 'down' })
    expect(struck(fault, { bytesDown: 40, ending: { ms: 9, how: 'fin', by: 'us' } })).to.equal(false)
    expect(struck(fault, { bytesDown: 40 })).to.equal(false)
  })
  it('cut: not where the target sends no more anyway', () => {
    expect(
      struck(cutAfter({ bytes: 40, direction: 'down' }), { bytesDown: 40, ending: fin }, { bytesDown: 40 }),
    ).to.equal(false)
  })
  it('cut up: not where the target ends the connection anyway', () => {
    const fault = cutAfter({ bytes: 40, direction: 'up' })
    expect(struck(fault, { bytesUp: 60, ending: fin })).to.equal(true)
    expect(struck(fault, { bytesUp: 60, ending: fin }, { bytesUp: 60, ending: fin })).to.equal(false)
    expect(struck(fault, { bytesUp: 39, ending: fin })).to.equal(false)
  })
  it('reset: FIN is none', () => {
    const fault = resetPeer({ afterMs: 20, direction: 'down' })
    expect(struck(fault, { ending: { ms: 30, how: 'rst', by: 'peer' } })).to.equal(true)
    expect(struck(fault, { ending: fin })).to.equal(false)
  })
  it('reset: not before its time, not where the target resets anyway', () => {
    const fault = resetPeer({ afterMs: 20, direction: 'down' })
    const rst = { ms: 30, how: 'rst', by: 'peer' } as const
    expect(struck(fault, { ending: { ...rst, ms: 10 } })).to.equal(false)
    expect(struck(fault, { ending: rst }, { ending: rst })).to.equal(false)
  })
  it('black hole: an end of the connection is none, nor is a byte', () => {
    const fault = blackHole({ direction: 'down' })
    const silent = { bytesDown: 0, arrivals: [], openedAtMs: null }
    expect(struck(fault, silent)).to.equal(true)
    expect(struck(fault, { ...silent, ending: fin })).to.equal(false)
    expect(struck(fault, { ...silent, bytesDown: 3 })).to.equal(false)
    expect(struck(fault, { ...silent, bytesUp: 0 })).to.equal(false)
    expect(struck(fault, silent, { bytesDown: 0 })).to.equal(false)
  })
  it('slow close: counts from the last byte', () => {
    const fault = slowClose({ ms: 40, direction: 'down' })
    const usual = { ending: { ...fin, ms: 3 } }
    expect(struck(fault, { ending: fin }, usual)).to.equal(true)
    expect(struck(fault, { ending: fin, arrivals: [{ ms: 20, bytes: 100 }] }, usual)).to.equal(false)
    expect(struck(fault, { ending: fin }, { ending: null })).to.equal(false)
  })
  it('settings that no toxic can take are refused at once', () => {
    expect(() => throttle({ bytesPerSecond: 1500, direction: 'up' })).to.throw(
      RangeError,
      'fault throttle: rate must be a whole number, not 1.5',
    )
    expect(() => latency({ ms: -1, direction: 'up' })).to.throw(RangeError)
    expect(() => cutAfter({ bytes: 0.5, direction: 'up' })).to.throw(RangeError)
  })
  it('names, directions and settings are stable', () => {
    expect(cases.map(({ fault }) => named(fault)).filter((one) => one.includes('up '))).to.deep.equal([
      'latency up {"ms":60}',
      'latency up {"ms":60,"jitter":20}',
      'throttle up {"bytesPerSecond":50000}',
      'slices up {"size":1,"delayUs":500}',
      'slices up {"size":20,"delayUs":5000}',
      'cut-after up {"bytes":100}',
      'reset up {"afterMs":0}',
      'reset up {"afterMs":100}',
      'black-hole up {}',
      'slow-close up {"ms":200}',
    ])
  })
})
