import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

import { expect } from 'chai'

import type { ConnectionJson } from '#proxies/embedded/proxy/connection-log'
import { startEngineServer } from '#proxies/embedded/server/server'
import type { EngineServer } from '#proxies/embedded/server/server'
import { Row } from '../contract/contract.ts'
import type { ToxicBody } from '../contract/contract.ts'
import { until } from '../wire.ts'
import type { Wire } from '../wire.ts'

const hour = 3_600_000

/** What an update changes beyond what Toxiproxy knows, on what stands; and that one that fails is not half applied. */
describe('engine updates', () => {
  let engine: EngineServer
  let t: Row

  before(async () => {
    engine = await startEngineServer({ host: '127.0.0.1', port: 0, seed: 1 })
  })
  after(() => engine.close())
  beforeEach(() => {
    t = new Row('embedded', engine.url)
  })
  afterEach(() => t.close())

  const shown = async (path: string): Promise<string> => (await t.api('GET', path)).text
  const records = async (path: string): Promise<readonly ConnectionJson[]> =>
    ((await t.api('GET', `${path}/connections`)).json as { connections: ConnectionJson[] }).connections
  const taken = async (): Promise<string> => {
    const server = createServer()
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve())
    })
    t.defer(() => server.close())
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  describe('of a proxy', () => {
    const extended = { seed: 1, half_close: false, carry_reset: false }
    const other = { seed: 7, half_close: true, carry_reset: true }

    for (const [what, fields, status] of [
      ['a listen of a wrong type', { listen: 5 }, 400],
      ['an upstream of a wrong type', { upstream: 5 }, 400],
      ['an enabled of a wrong type', { enabled: 'no' }, 400],
      ['a listen that cannot be resolved', { listen: 'nohost.invalid:0' }, 500],
      ['a listen without a port', { listen: 'x' }, 500],
    ] as const) {
      it(`are not half applied with ${what}, and connections stand`, async () => {
        const upstream = await t.upstream()
        const { path, port } = await t.proxy(upstream.port, { streamproof: extended })
        const client = await t.connect(port)
        const server = await upstream.next()
        const before = await shown(path)
        expect((await t.api('PATCH', path, { streamproof: other, ...fields })).status).to.equal(status)
        expect((await t.api('PATCH', path, { ...fields, streamproof: other })).status).to.equal(status)
        expect(await shown(path)).to.equal(before)
        client.send('x')
        await server.got(1)
      })
    }

    it('are not half applied where it cannot be enabled', async () => {
      const { path } = await t.proxy('x:1', { listen: await taken(), enabled: false, streamproof: extended })
      const before = await shown(path)
      expect((await t.api('PATCH', path, { enabled: true, streamproof: other })).status).to.equal(500)
      expect(await shown(path)).to.equal(before)
    })

    it('are applied as a whole where the new address is taken: the proxy is stopped with all of it', async () => {
      const { path } = await t.proxy('x:1', { streamproof: extended })
      const listen = await taken()
      const answer = await t.api('PATCH', path, { listen, upstream: 'y:1', streamproof: other })
      expect(answer.status).to.equal(500)
      expect(JSON.parse(await shown(path))).to.include({ listen, upstream: 'y:1', enabled: false })
      expect(JSON.parse(await shown(path))).to.deep.include({ streamproof: other })
    })

    it('take its seed away again by null', async () => {
      const { path } = await t.proxy('x:1', { streamproof: { seed: 9, half_close: true } })
      const answer = await t.api('PATCH', path, { streamproof: { seed: null } })
      expect(answer.json).to.deep.include({ streamproof: { half_close: true, carry_reset: false } })
    })

    for (const name of ['half_close', 'carry_reset', 'toxics']) {
      it(`are refused where ${name} is null`, async () => {
        const { path } = await t.proxy('x:1', { streamproof: extended })
        const before = await shown(path)
        const answer = await t.api('PATCH', path, { streamproof: { seed: 2, [name]: null } })
        expect(answer.json).to.deep.equal({
          error: `invalid toxic setting: streamproof.${name} must not be null`,
          status: 400,
        })
        expect(await shown(path)).to.equal(before)
      })
    }
  })

  describe('of the connections that a toxic strikes', () => {
    it('act on live connections: those that it leaves get what it held, those that it takes up are struck', async () => {
      const upstream = await t.upstream()
      const { port, path, name } = await t.proxy(upstream.port)
      const toxic = await t.toxic(name, {
        type: 'latency',
        attributes: { latency: hour },
        streamproof: { connections: [1] },
      } as ToxicBody)
      const ends = []
      for (let i = 0; i < 2; i++) ends.push({ client: await t.connect(port), server: await upstream.next() })
      const [first, second] = ends
      first?.server.send('held')
      second?.server.send('free')
      await second?.client.got(4)
      await until('it was read', async () => (await records(path))[0]?.bytes.downstream.received === 4)
      expect(first?.client.length).to.equal(0)

      const answer = await t.api('PATCH', toxic, { streamproof: { connections: [2, 3] } })
      expect(answer.json).to.deep.include({ streamproof: { connections: [2, 3] } })
      await first?.client.got(4)
      second?.server.send('held')
      await until('it was read', async () => (await records(path))[1]?.bytes.downstream.received === 8)
      first?.server.send('free')
      await first?.client.got(8)
      expect(second?.client.length).to.equal(4)

      // Kept by an update that does not name them, and all of them by null.
      const kept = await t.api('PATCH', toxic, { attributes: { latency: hour + 1 }, streamproof: {} })
      expect(kept.json).to.deep.include({ streamproof: { connections: [2, 3] } })
      const all = await t.api('PATCH', toxic, { streamproof: { connections: null } })
      expect(all.json).to.not.have.property('streamproof')
      first?.server.send('held')
      await until('it was read', async () => (await records(path))[0]?.bytes.downstream.received === 12)
      await t.api('PATCH', toxic, { streamproof: { connections: [] } })
      await first?.client.got(12)
      await second?.client.got(8)
    })

    for (const [streamproof, error] of [
      [{ bogus: 1 }, 'invalid toxic setting: streamproof has no member "bogus"; it has connections'],
      [
        { connections: [0] },
        'invalid toxic setting: streamproof.connections must be an array of connection numbers, counted from 1',
      ],
      [
        5,
        'bad request body: json: cannot unmarshal number into Go struct field .streamproof of type streamproof.Extensions',
      ],
    ] as const) {
      it(`are refused as ${JSON.stringify(streamproof)}, with all else of the body`, async () => {
        const { path, name } = await t.proxy('x:1')
        const toxic = await t.toxic(name, { type: 'latency', attributes: { latency: 1 } })
        const before = await shown(path)
        const body = { streamproof, toxicity: 0.5, attributes: { latency: 2 } }
        const answer = await t.api('PATCH', toxic, body)
        expect(answer.json).to.deep.equal({ error, status: 400 })
        expect(await shown(path)).to.equal(before)
      })
    }

    it('are refused where something else is', async () => {
      const { path, name } = await t.proxy('x:1')
      const toxic = await t.toxic(name, { type: 'latency', attributes: { latency: 1 } })
      const before = await shown(path)
      for (const bad of [{ toxicity: 2 }, { attributes: { latency: 'x' } }])
        expect((await t.api('PATCH', toxic, { streamproof: { connections: [1] }, ...bad })).status).to.equal(
          400,
        )
      expect(await shown(path)).to.equal(before)
    })
  })

  it('end no connection by a body with a member that nobody knows', async () => {
    const { client, server, path } = await t.pair()
    const answer = await t.api('POST', `${path}/connections`, { action: 'reset', connection: [2] })
    expect(answer.json).to.deep.equal({
      error: 'invalid toxic setting: the body has no member "connection"; it has action, connections',
      status: 400,
    })
    client.send('x')
    await server.got(1)
  })

  describe('that switch a toxic on', () => {
    const slow: ToxicBody = { type: 'slow_close', attributes: { delay: hour } }
    const off = { toxicity: 0 }
    const closes: ToxicBody = { type: 'timeout', name: 'late', ...off, attributes: { timeout: 1 } }
    /** FIN, and until the engine has read it: it runs in this process, and looks at all its sockets in each turn. */
    const ends = async (wire: Wire): Promise<void> => {
      const isSent = once(wire.socket, 'finish')
      wire.fin()
      await isSent
      for (let turn = 0; turn < 3; turn++) await t.api('GET', '/version')
    }

    // The second connection is struck by the same call, behind the first: once it has ended, so would the first.
    for (const [what, before] of [
      ['the source has ended', []],
      ['a toxic has ended', [{ type: 'limit_data', name: 'cut', attributes: { bytes: 3 } }]],
    ] as const) {
      it(`do nothing where ${what} before its place`, async () => {
        const upstream = await t.upstream()
        const targets = { streamproof: { connections: [1] } }
        const toxics = [...before.map((one) => ({ ...one, ...targets })), closes, { ...slow, ...targets }]
        const { port, path } = await t.proxy(upstream.port, { streamproof: { toxics } })
        const first = await t.connect(port)
        const served = await upstream.next()
        const second = await t.connect(port)
        await upstream.next()
        served.send('123')
        if (before.length === 0) await ends(served)
        await first.got(3)
        const events = (await records(path))[0]?.events.map(({ what: one, toxic }) => `${one} ${toxic}`)
        await t.api('PATCH', `${path}/toxics/late`, { toxicity: 1 })
        await second.ended
        await until('the second is over', async () => (await records(path))[1]?.ending === 'end by late')
        const record = (await records(path))[0]
        expect(record?.events.map(({ what: one, toxic }) => `${one} ${toxic}`)).to.deep.equal(events)
        expect(record?.state).to.equal('open')
      })
    }

    for (const [what, given, method, on] of [
      ['add it', [], 'POST', { ...closes, stream: 'upstream', toxicity: 1 }],
      ['switch it on', [{ ...closes, stream: 'upstream' }], 'PATCH', { toxicity: 1 }],
    ] as const) {
      it(`do nothing where they ${what} to a direction that is over, while the other goes on`, async () => {
        const upstream = await t.upstream()
        const { port, path } = await t.proxy(upstream.port, {
          streamproof: { half_close: true, toxics: given },
        })
        const first = await t.connect(port)
        const served = await upstream.next()
        const second = await t.connect(port)
        await upstream.next()
        first.fin()
        expect(await served.ended).to.equal('fin')
        await t.api(method, `${path}/toxics${method === 'POST' ? '' : '/late'}`, on)
        await second.ended
        await until('the second is over', async () => (await records(path))[1]?.ending === 'end by late')
        expect((await records(path))[0]).to.deep.include({ state: 'open', ending: null, events: [] })
        served.send('still')
        await first.got(5)
      })
    }

    it('let it meet the end that a toxic before it still holds back', async () => {
      const toxics = [slow, { type: 'reset_peer', name: 'r', ...off }]
      const upstream = await t.upstream()
      const { port, path } = await t.proxy(upstream.port, { streamproof: { toxics } })
      const client = await t.connect(port)
      await ends(await upstream.next())
      await t.api('PATCH', `${path}/toxics/r`, { toxicity: 1 })
      await t.api('PATCH', `${path}/toxics/slow_close_downstream`, { attributes: { delay: 0 } })
      expect(await client.ended).to.equal('rst')
    })
  })
})
