import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

import { expect } from 'chai'

import type { ConnectionJson } from '#proxies/embedded/proxy/connection-log'
import { startEngineServer } from '#proxies/embedded/server/server'
import type { EngineServer } from '#proxies/embedded/server/server'
import { Row } from '../../contract/contract.ts'
import type { ToxicBody } from '../../contract/contract.ts'
import { until } from '../../wire.ts'
import type { Wire } from '../../wire.ts'

const hour = 3_600_000

/** Updates of extensions act on live connections, and an update that fails is not applied in part. */
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
  const usedAddress = async (): Promise<string> => {
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

    for (const [problem, fields, status] of [
      ['a listen of a wrong type', { listen: 5 }, 400],
      ['an upstream of a wrong type', { upstream: 5 }, 400],
      ['an enabled of a wrong type', { enabled: 'no' }, 400],
      ['a listen that cannot be resolved', { listen: 'nohost.invalid:0' }, 500],
      ['a listen without a port', { listen: 'x' }, 500],
    ] as const) {
      it(`are not applied in part with ${problem}, and connections stay open`, async () => {
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

    it('are not applied in part if the proxy cannot be enabled', async () => {
      const { path } = await t.proxy('x:1', {
        listen: await usedAddress(),
        enabled: false,
        streamproof: extended,
      })
      const before = await shown(path)
      expect((await t.api('PATCH', path, { enabled: true, streamproof: other })).status).to.equal(500)
      expect(await shown(path)).to.equal(before)
    })

    it('are applied as a whole if the new address is in use: the proxy is stopped', async () => {
      const { path } = await t.proxy('x:1', { streamproof: extended })
      const listen = await usedAddress()
      const answer = await t.api('PATCH', path, { listen, upstream: 'y:1', streamproof: other })
      expect(answer.status).to.equal(500)
      expect(JSON.parse(await shown(path))).to.include({ listen, upstream: 'y:1', enabled: false })
      expect(JSON.parse(await shown(path))).to.deep.include({ streamproof: other })
    })

    it('remove its seed with null', async () => {
      const { path } = await t.proxy('x:1', { streamproof: { seed: 9, half_close: true } })
      const answer = await t.api('PATCH', path, { streamproof: { seed: null } })
      expect(answer.json).to.deep.include({ streamproof: { half_close: true, carry_reset: false } })
    })

    for (const name of ['half_close', 'carry_reset', 'toxics']) {
      it(`are refused if ${name} is null`, async () => {
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

  describe('of the connections that a toxic may act on', () => {
    it('act on live connections: removed ones receive what it held, added ones are affected', async () => {
      const upstream = await t.upstream()
      const { port, path, name } = await t.proxy(upstream.port)
      const toxic = await t.toxic(name, {
        type: 'latency',
        attributes: { latency: hour },
        streamproof: { connections: [1] },
      } as ToxicBody)
      const pairs = []
      for (let count = 0; count < 2; count++)
        pairs.push({ client: await t.connect(port), server: await upstream.next() })
      const [first, second] = pairs
      first?.server.send('held')
      second?.server.send('free')
      await second?.client.got(4)
      await until(
        'the engine reads the bytes',
        async () => (await records(path))[0]?.bytes.downstream.received === 4,
      )
      expect(first?.client.length).to.equal(0)

      const answer = await t.api('PATCH', toxic, { streamproof: { connections: [2, 3] } })
      expect(answer.json).to.deep.include({ streamproof: { connections: [2, 3] } })
      await first?.client.got(4)
      second?.server.send('held')
      await until(
        'the engine reads the bytes',
        async () => (await records(path))[1]?.bytes.downstream.received === 8,
      )
      first?.server.send('free')
      await first?.client.got(8)
      expect(second?.client.length).to.equal(4)

      // An update without the member keeps the connections; null selects all of them.
      const kept = await t.api('PATCH', toxic, { attributes: { latency: hour + 1 }, streamproof: {} })
      expect(kept.json).to.deep.include({ streamproof: { connections: [2, 3] } })
      const all = await t.api('PATCH', toxic, { streamproof: { connections: null } })
      expect(all.json).to.not.have.property('streamproof')
      first?.server.send('held')
      await until(
        'the engine reads the bytes',
        async () => (await records(path))[0]?.bytes.downstream.received === 12,
      )
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
      it(`are refused as ${JSON.stringify(streamproof)}, with the rest of the body`, async () => {
        const { path, name } = await t.proxy('x:1')
        const toxic = await t.toxic(name, { type: 'latency', attributes: { latency: 1 } })
        const before = await shown(path)
        const body = { streamproof, toxicity: 0.5, attributes: { latency: 2 } }
        const answer = await t.api('PATCH', toxic, body)
        expect(answer.json).to.deep.equal({ error, status: 400 })
        expect(await shown(path)).to.equal(before)
      })
    }

    it('are refused with another invalid field', async () => {
      const { path, name } = await t.proxy('x:1')
      const toxic = await t.toxic(name, { type: 'latency', attributes: { latency: 1 } })
      const before = await shown(path)
      for (const invalid of [{ toxicity: 2 }, { attributes: { latency: 'x' } }])
        expect(
          (await t.api('PATCH', toxic, { streamproof: { connections: [1] }, ...invalid })).status,
        ).to.equal(400)
      expect(await shown(path)).to.equal(before)
    })
  })

  it('end no connection if the body has an unknown member', async () => {
    const { client, server, path } = await t.pair()
    const answer = await t.api('POST', `${path}/connections`, { action: 'reset', connection: [2] })
    expect(answer.json).to.deep.equal({
      error: 'invalid toxic setting: the body has no member "connection"; it has action, connections',
      status: 400,
    })
    client.send('x')
    await server.got(1)
  })

  describe('that activate a toxic', () => {
    const slow: ToxicBody = { type: 'slow_close', attributes: { delay: hour } }
    const off = { toxicity: 0 }
    const closes: ToxicBody = { type: 'timeout', name: 'late', ...off, attributes: { timeout: 1 } }
    /** Sends FIN and waits until the engine has read it. It runs in this process and polls all its sockets in each turn. */
    const ends = async (wire: Wire): Promise<void> => {
      const isSent = once(wire.socket, 'finish')
      wire.fin()
      await isSent
      for (let turn = 0; turn < 3; turn++) await t.api('GET', '/version')
    }

    // The same call affects the second connection after the first: once the second has ended, the first would have too.
    for (const [cause, before] of [
      ['the source has ended', []],
      ['a toxic has ended', [{ type: 'limit_data', name: 'cut', attributes: { bytes: 3 } }]],
    ] as const) {
      it(`do nothing if ${cause} before the toxic`, async () => {
        const upstream = await t.upstream()
        const targets = { streamproof: { connections: [1] } }
        const toxics = [...before.map((toxic) => ({ ...toxic, ...targets })), closes, { ...slow, ...targets }]
        const { port, path } = await t.proxy(upstream.port, { streamproof: { toxics } })
        const first = await t.connect(port)
        const served = await upstream.next()
        const second = await t.connect(port)
        await upstream.next()
        served.send('123')
        if (before.length === 0) await ends(served)
        await first.got(3)
        const events = (await records(path))[0]?.events.map(({ what, toxic }) => `${what} ${toxic}`)
        await t.api('PATCH', `${path}/toxics/late`, { toxicity: 1 })
        await second.ended
        await until(
          'the second connection has ended',
          async () => (await records(path))[1]?.ending === 'end by late',
        )
        const record = (await records(path))[0]
        expect(record?.events.map(({ what, toxic }) => `${what} ${toxic}`)).to.deep.equal(events)
        expect(record?.state).to.equal('open')
      })
    }

    for (const [action, existing, method, body] of [
      ['add it', [], 'POST', { ...closes, stream: 'upstream', toxicity: 1 }],
      ['raise its toxicity', [{ ...closes, stream: 'upstream' }], 'PATCH', { toxicity: 1 }],
    ] as const) {
      it(`do nothing if they ${action} in a direction that has ended, while the other goes on`, async () => {
        const upstream = await t.upstream()
        const { port, path } = await t.proxy(upstream.port, {
          streamproof: { half_close: true, toxics: existing },
        })
        const first = await t.connect(port)
        const served = await upstream.next()
        const second = await t.connect(port)
        await upstream.next()
        first.fin()
        expect(await served.ended).to.equal('fin')
        await t.api(method, `${path}/toxics${method === 'POST' ? '' : '/late'}`, body)
        await second.ended
        await until(
          'the second connection has ended',
          async () => (await records(path))[1]?.ending === 'end by late',
        )
        expect((await records(path))[0]).to.deep.include({ state: 'open', ending: null, events: [] })
        served.send('still')
        await first.got(5)
      })
    }

    it('let it receive the end that an earlier toxic still holds', async () => {
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
