import { expect } from 'chai'
import type { CutPlace, Kit, ResumePlan, ResumeOutcome } from '#peers/kit'
import { openEngine } from '#proxies/driver/open-engine'
import { blackHole, latency } from '#proxies/faults'
import type { Engine } from '#proxies/types'
import { resumeServer } from './resume-server.ts'
import type { Behaviour } from './resume-server.ts'
import { Bench, caught, stream } from '../sse/sse-support.ts'

const verbs = [
  'expectNothingLost',
  'expectNothingTwice',
  'expectOrder',
  'expectUnaltered',
  'expectPromptReconnect',
] as const

/** What each verb reports as wrong. */
function problemsOf(outcome: ResumeOutcome): Record<string, unknown> {
  const problems: Record<string, unknown> = {}
  for (const verb of verbs) {
    try {
      outcome[verb]()
    } catch (error) {
      problems[verb] = (error as { actual?: string }).actual
    }
  }
  return problems
}

const sound = (outcome: ResumeOutcome): void => void expect(problemsOf(outcome)).to.deep.equal({})
const hangUp: ResumePlan = { loss: { kind: 'client-fin' } }

describe('resume', () => {
  let engine: Engine
  let bench: Bench
  before(async () => (engine = await openEngine({ choice: 'embedded', runId: 'resume-test' })))
  after(() => engine.close())
  beforeEach(() => (bench = new Bench()))
  afterEach(() => bench.close())

  async function kit(behaviour: Behaviour = {}): Promise<Pick<Kit, 'resume'>> {
    const { url, publish } = await resumeServer(bench, behaviour)
    return bench.verbs(url, { publish, engine, timeScale: 0.5 })
  }

  const places: readonly (readonly [CutPlace, string])[] = [
    ['between-events', 'between two events'],
    ['in-field-name', 'inside the field name of an event'],
    ['in-id', 'inside the id of an event'],
    ['in-data', 'inside the data of an event'],
    ['in-character', 'inside a character of several bytes in the data of an event'],
    ['before-blank-line', 'after the last field of an event'],
    ['in-blank-line', 'inside the empty line that ends an event'],
  ]

  for (const [at, where] of places) {
    for (const eol of ['\n', '\r\n']) {
      it(`cuts ${where}, and reports nothing for a server that resumes (${eol.length === 1 ? 'LF' : 'CRLF'})`, async () => {
        const outcome = await (await kit({ eol })).resume({ loss: { kind: 'cut', at }, race: 0 })
        sound(outcome)
        expect(outcome.faults).to.deep.equal([
          {
            name: 'cut-after',
            direction: 'server-to-client',
            settings: {},
            proof: `the proxy ended the stream by FIN ${where}`,
          },
        ])
        // The event that was cut is not dispatched, unless the CR of its empty line arrived, which ends it.
        const dispatched = at === 'in-blank-line' && eol === '\r\n' ? '4' : '3'
        expect(outcome.cursor).to.equal(dispatched)
      })
    }
  }

  it('tries again if an id has grown by a digit', async () => {
    const { resume } = await kit({ firstId: 98 })
    const outcome = await resume({ loss: { kind: 'cut', at: 'in-data' } })
    sound(outcome)
    expect(outcome.faults[0]?.proof).to.equal('the proxy ended the stream by FIN inside the data of an event')
  })

  it('finds the place on a stream with other publishers', async () => {
    const { url, publish } = await resumeServer(bench)
    const [mine, others] = [
      bench.verbs(url, { publish, engine, timeScale: 0.5 }),
      bench.verbs(url, { publish }),
    ]
    const noise = { on: true }
    const noisy = (async () => {
      while (noise.on) await others.publish({ data: 'another publisher' })
    })()
    const outcome = await mine.resume({ loss: { kind: 'cut', at: 'in-character' }, race: 0 })
    noise.on = false
    await noisy
    sound(outcome)
    expect(outcome.faults[0]?.proof).to.equal(
      'the proxy ended the stream by FIN inside a character of several bytes in the data of an event',
    )
    expect(outcome.witness.every(({ data }) => data !== 'another publisher')).to.equal(true)
  })

  const losses: readonly (readonly [string, ResumePlan, readonly string[]])[] = [
    ['a RST by the proxy', { loss: { kind: 'rst' } }, ['reset']],
    ['a black hole', { loss: { kind: 'black-hole' } }, ['black-hole']],
    ['a link that is down', { loss: { kind: 'down', ms: 50 } }, ['link-down']],
    ['a FIN by the client', { loss: { kind: 'client-fin' } }, []],
    ['a RST by the client', { loss: { kind: 'client-rst' } }, []],
    [
      'three cuts in a row',
      { loss: { kind: 'cut', at: 'in-data' }, losses: 3 },
      ['cut-after', 'cut-after', 'cut-after'],
    ],
    ['two resets in a row', { loss: { kind: 'rst' }, losses: 2 }, ['reset', 'reset']],
    [
      'a link that goes down twice',
      { loss: { kind: 'down', ms: 20 }, losses: 2 },
      ['link-down', 'link-down'],
    ],
    [
      'a slow reconnect',
      { ...hangUp, reconnectUnder: latency({ ms: 150, direction: 'server-to-client' }) },
      ['latency'],
    ],
  ]
  for (const [name, plan, faults] of losses) {
    it(`reports nothing after ${name}`, async () => {
      const outcome = await (await kit()).resume({ ...plan, race: 0 })
      sound(outcome)
      expect(outcome.faults.map((fault) => fault.name)).to.deep.equal(faults)
    })
  }

  it('does not wait for a slow link that delivers only heartbeats', async () => {
    const { resume } = await kit({ neverLive: true, heartbeatMs: 20 })
    const outcome = await resume({
      ...hangUp,
      reconnectUnder: latency({ ms: 150, direction: 'server-to-client' }),
      race: 0,
    })
    expect(problemsOf(outcome)).to.deep.equal({
      expectNothingLost: 'lost: an event sent during or after the reconnect',
    })
  })

  it('sends as many events as the plan says', async () => {
    const outcome = await (
      await kit()
    ).resume({ ...hangUp, before: 1, gap: 12, race: 4, after: 3, data: (index) => `n${index} \u20ac` })
    sound(outcome)
    // One more is the end marker.
    expect(outcome.witness.map(({ data }) => data.slice(0, 4).trim())).to.deep.equal(
      Array.from({ length: 21 }, (_, index) => `n${index}${index < 10 ? ' \u20ac' : ''}`),
    )
    expect([outcome.cursor, outcome.client.length]).to.deep.equal(['1', 21])
  })

  const defects: readonly (readonly [string, Behaviour, Readonly<Record<string, string>>])[] = [
    [
      'replays the event that Last-Event-ID names',
      { replay: (kept, cursor) => kept.filter(({ id }) => id >= cursor) },
      { expectNothingTwice: 'twice: the event that Last-Event-ID named' },
    ],
    [
      'replays nothing',
      { replay: () => [] },
      { expectNothingLost: 'lost: an event sent while the client was disconnected' },
    ],
    [
      'loses the first event of the gap',
      { replay: (kept, cursor) => kept.filter(({ id }) => id > cursor + 1) },
      { expectNothingLost: 'lost: an event sent while the client was disconnected' },
    ],
    [
      'replays all it has',
      { replay: (kept) => kept },
      { expectNothingTwice: 'twice: an event sent before the client lost its connection' },
    ],
    [
      'replays backwards',
      { replay: (kept, cursor) => kept.filter(({ id }) => id > cursor).toReversed() },
      { expectOrder: 'it received them in another order' },
    ],
    [
      'replays twice',
      {
        replay: (kept, cursor) =>
          [...kept, ...kept].filter(({ id }) => id > cursor).toSorted((a, b) => a.id - b.id),
      },
      { expectNothingTwice: 'twice: an event sent while the client was disconnected' },
    ],
    [
      'loses the events right after the replay',
      { raceGapMs: 150 },
      { expectNothingLost: 'lost: an event sent during or after the reconnect' },
    ],
    [
      'alters what it replays',
      {
        replay: (kept, cursor) =>
          kept
            .filter(({ id }) => id > cursor)
            .map(({ id, data }) => ({ id, data: id === cursor + 1 ? `${data}!` : data })),
      },
      { expectUnaltered: 'an event with the same id but other data' },
    ],
    [
      'accepts the second attempt to reconnect',
      { statusOf: (at) => (at === 0 ? 500 : 200) },
      { expectPromptReconnect: 'the first attempt was refused' },
    ],
    [
      'is busy at the first attempt to reconnect',
      { statusOf: (at) => (at === 0 ? 503 : 200) },
      { expectPromptReconnect: 'the first attempt was refused' },
    ],
  ]
  for (const [name, behaviour, expected] of defects) {
    it(`reports a server that ${name}`, async () => {
      expect(problemsOf(await (await kit(behaviour)).resume(hangUp))).to.deep.equal(expected)
    })
  }

  it('sends the same request with every connection, with a method, headers and a body', async () => {
    const request = {
      method: 'POST',
      headers: [['Content-Type', 'application/json']],
      body: '{"topic":"news"}',
    } as const
    for (const loss of [{ kind: 'cut', at: 'in-data' }, { kind: 'rst' }, { kind: 'client-fin' }] as const) {
      const { url, publish } = await resumeServer(bench, { request })
      const { resume } = bench.verbs(url, { publish, engine, timeScale: 0.5, endpoint: { request } })
      sound(await resume({ loss }))
    }
  })

  it('reports a server that rejects Last-Event-ID', async () => {
    expect(await caught((await kit({ statusOf: () => 400 })).resume(hangUp))).to.deep.equal({
      name: 'Violation',
      expected: 'a reconnect with Last-Event-ID to be accepted',
      actual: 'status 400',
    })
    expect(await caught((await kit({ statusOf: () => 503 })).resume(hangUp))).to.include({
      actual: 'it is refused, while a connection without Last-Event-ID is accepted',
    })
  })

  it('does not judge if the witness has lost its connection', async () => {
    expect(await caught((await kit({ dropsFirstAt: 3 })).resume(hangUp))).to.deep.equal({
      name: 'Inconclusive',
      reason: 'witness-lost',
      message: 'witness-lost: the unfaulted stream of the witness ended',
    })
  })

  it('does not judge what a client misses if the server ends every stream after a while', async () => {
    expect(await caught((await kit({ endsReplays: true })).resume(hangUp))).to.deep.equal({
      name: 'Inconclusive',
      reason: 'ended-idle',
      message: 'ended-idle: the target ends streams by itself sooner than this exchange takes',
    })
  })

  it('does not judge if the fault is not proven', async () => {
    const ascii = { loss: { kind: 'cut', at: 'in-character' }, data: () => 'ascii' } as const
    expect(await caught((await kit()).resume(ascii))).to.include({ reason: 'fault-not-proven' })
    // Without toxics it has no effect.
    const under = {
      ...hangUp,
      reconnectUnder: { ...blackHole({ direction: 'server-to-client' }), toxics: [] },
    }
    expect(await caught((await kit()).resume(under))).to.include({ reason: 'fault-not-proven' })
  })

  it('does not judge if no event arrives', async () => {
    const url = await bench.answering(stream(''))
    const { resume } = bench.verbs(url, {
      publish: { url, method: 'POST', headers: [], body: '{data}', fields: new Set(['data']) },
      timeScale: 0.1,
    })
    expect(await caught(resume(hangUp))).to.include({ name: 'Inconclusive', reason: 'no-event' })
  })

  it('uses the events that a target sends by itself', async () => {
    let next = 1
    const url = await bench.listen((socket) => {
      socket.once('data', (bytes) => {
        const cursor = Number(/last-event-id: (\d+)/i.exec(bytes.toString())?.[1] ?? next - 1)
        let at = cursor
        socket.write(stream(''))
        const timer = setInterval(() => {
          for (; at < next - 1; at += 1) socket.write(`id: ${at + 1}\ndata: tick\n\n`)
        }, 2)
        socket.on('close', () => clearInterval(timer))
      })
    })
    const ticker = setInterval(() => (next += 1), 20)
    bench.defer(() => clearInterval(ticker))
    const { resume } = bench.verbs(url, { engine, timeScale: 0.5 })
    const outcome = await resume({ loss: { kind: 'cut', at: 'in-data' }, gap: 2 })
    sound(outcome)
    sound(await resume({ loss: { kind: 'client-rst' } }))
  })

  it('closes every connection', async () => {
    const { resume } = await kit()
    await resume({ loss: { kind: 'down', ms: 10 } })
    await resume({ loss: { kind: 'cut', at: 'in-id' } })
    const opened = bench.opened.length
    await bench.close()
    expect(bench.opened.length).to.equal(opened)
    expect(opened).to.equal(3 + 4)
  })
})
