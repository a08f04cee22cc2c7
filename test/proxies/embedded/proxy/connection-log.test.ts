import { expect } from 'chai'

import type { ConnectionJson } from '#proxies/embedded/proxy/connection-log'
import { startEngineServer } from '#proxies/embedded/server/server'
import type { EngineServer } from '#proxies/embedded/server/server'
import { Row } from '../../contract/contract.ts'
import type { ToxicBody } from '../../contract/contract.ts'
import { until } from '../../wire.ts'
import type { Upstream, Wire } from '../../wire.ts'

const hour = 3_600_000

/** `GET /proxies/{proxy}/connections`: which toxic acted on which connection at which byte, and what ended it. */
describe('the connection log', () => {
  let engine: EngineServer
  let t: Row

  before(async () => {
    engine = await startEngineServer({ host: '127.0.0.1', port: 0, seed: 5 })
  })
  after(() => engine.close())
  beforeEach(() => {
    t = new Row('embedded', engine.url)
  })
  afterEach(() => t.close())

  const records = async (path: string): Promise<readonly ConnectionJson[]> =>
    ((await t.api('GET', `${path}/connections`)).json as { connections: ConnectionJson[] }).connections
  const events = async (path: string): Promise<readonly string[]> =>
    ((await records(path))[0]?.events ?? []).map(({ what, toxic, byte }) => `${what} ${toxic} ${byte}`)
  const endsBy = (path: string, ending: string): Promise<void> =>
    until(`the log shows ${ending}`, async () => (await records(path))[0]?.ending === ending)
  const isClosed = (path: string): Promise<void> =>
    until('the connection is closed', async () => (await records(path))[0]?.state === 'closed')
  /** A connection of a proxy that is created with these extensions. */
  const pairOf = async (
    streamproof: unknown,
  ): Promise<{ client: Wire; server: Wire; upstream: Upstream; path: string; port: number }> => {
    const upstream = await t.upstream()
    const proxy = await t.proxy(upstream.port, { streamproof })
    const client = await t.connect(proxy.port)
    return { client, server: await upstream.next(), upstream, ...proxy }
  }

  it('shows which toxic acted on which connection at which byte', async () => {
    const { client, server, path, toxics } = await t.pair()
    expect(toxics).to.deep.equal([])
    server.send('123')
    await client.got(3)
    await t.api('POST', `${path}/toxics`, { type: 'limit_data', name: 'cut', attributes: { bytes: 2 } })
    server.send('4567')
    await client.ended
    await until('the connection is closed', async () => (await records(path))[0]?.state === 'closed')
    const [record] = await records(path)
    expect(record).to.deep.include({
      number: 1,
      ending: 'end by cut',
      bytes: { upstream: { received: 0, sent: 0 }, downstream: { received: 7, sent: 5 } },
    })
    const events = record?.events.map(({ ms, ...event }) => {
      expect(ms).to.be.within(0, 60_000)
      return event
    })
    const common = { toxic: 'cut', type: 'limit_data', stream: 'downstream' }
    expect(events).to.deep.equal([
      { what: 'hit', ...common, byte: 3 },
      { what: 'end', ...common, byte: 5 },
    ])
  })

  it('shows live connections with addresses and times', async () => {
    const { client, path, upstream } = await t.pair()
    const [record] = await records(path)
    expect(record).to.include({
      state: 'open',
      ending: null,
      upstream: `127.0.0.1:${upstream.port}`,
      client: `127.0.0.1:${client.socket.localPort}`,
    })
    expect(Math.abs(Date.parse(record?.accepted ?? '') - Date.now())).to.be.lessThan(60_000)
  })

  it('shows how connections ended', async () => {
    const byClient = await t.pair()
    byClient.client.fin()
    const byServer = await t.pair()
    byServer.server.send('x')
    await byServer.client.got(1)
    byServer.server.rst()
    const reset = await t.pair({ type: 'reset_peer', name: 'r', attributes: { timeout: 0 } })
    reset.server.send('x')
    const refused = await t.proxy('127.0.0.1:1')
    await t.connect(refused.port)
    const stopped = await t.pair()
    await t.api('PATCH', stopped.path, { enabled: false })
    for (const [path, ending] of [
      [byClient.path, 'fin by client'],
      [byServer.path, 'rst by upstream'],
      [reset.path, 'reset by r'],
      [refused.path, 'refused'],
      [stopped.path, 'stopped'],
    ] as const) {
      await until(`the log shows ${ending}`, async () => (await records(path))[0]?.ending === ending)
    }
  })

  it('keeps a limited number of closed connections', async () => {
    const upstream = await t.upstream((wire) => wire.fin())
    const { port, path } = await t.proxy(upstream.port)
    for (let round = 0; round < 30; round++) {
      const clients = await Promise.all(Array.from({ length: 80 }, () => t.connect(port)))
      await Promise.all(clients.map((client) => client.ended))
      for (const client of clients) client.socket.destroy()
    }
    const kept = await records(path)
    expect(kept.length).to.be.within(1000, 2000)
    expect(kept.at(-1)?.number).to.equal(2400)
  })

  it('is 404 for an unknown proxy', async () => {
    expect((await t.api('GET', '/proxies/none/connections')).json).to.deep.equal({
      error: 'proxy not found',
      status: 404,
    })
  })

  describe('counts bytes at the position of each toxic', () => {
    const cut = (bytes: number): ToxicBody => ({ type: 'limit_data', name: 'cut', attributes: { bytes } })

    it('shows the end at the byte where the toxic cut, although more was read', async () => {
      const { client, server, path } = await pairOf({ toxics: [cut(12)] })
      server.send(Buffer.alloc(266))
      await client.ended
      await isClosed(path)
      expect(await events(path)).to.deep.equal(['hit cut 0', 'end cut 12'])
      expect((await records(path))[0]?.bytes.downstream).to.deep.equal({ received: 266, sent: 12 })
    })

    for (const [type, holding, passing] of [
      ['latency', { latency: hour }, { latency: 0 }],
      ['bandwidth', { rate: 0 }, { rate: 1_000_000 }],
    ] as const) {
      it(`shows a hit only when bytes reach the toxic, although ${type} holds earlier ones`, async () => {
        const { client, server, path } = await pairOf({
          toxics: [{ type, name: 'first', attributes: holding }, cut(250)],
        })
        const read = (bytes: number): Promise<void> =>
          until(
            `the engine reads ${bytes} bytes`,
            async () => (await records(path))[0]?.bytes.downstream.received === bytes,
          )
        server.send(Buffer.alloc(200))
        await read(200)
        server.send(Buffer.alloc(100))
        await read(300)
        expect(await events(path)).to.deep.equal(['hit first 0'])
        await t.api('PATCH', `${path}/toxics/first`, { attributes: passing })
        await client.ended
        expect(client.length).to.equal(250)
        expect(await events(path)).to.deep.equal(['hit first 0', 'hit cut 0', 'end cut 250'])
      })
    }

    it('shows the position of an added toxic after the bytes that others passed on', async () => {
      const { client, server, path } = await pairOf({
        toxics: [{ type: 'stall', name: 'stall', attributes: { bytes: 4, duration: hour } }],
      })
      server.send('123456789')
      await client.got(4)
      await until(
        'the engine reads all bytes',
        async () => (await records(path))[0]?.bytes.downstream.received === 9,
      )
      await t.api('POST', `${path}/toxics`, cut(3))
      await t.api('PATCH', `${path}/toxics/stall`, { attributes: { duration: 0 } })
      await client.ended
      expect(client.text).to.equal('1234567')
      expect(await events(path)).to.deep.equal(['hit stall 0', 'hit cut 4', 'end cut 7'])
    })

    it('shows the position of a toxic between others whose toxicity was raised', async () => {
      const stall = (name: string, bytes: number): ToxicBody => ({
        type: 'stall',
        name,
        attributes: { bytes, duration: hour },
      })
      const { client, server, path } = await pairOf({
        toxics: [{ type: 'noop', name: 'none' }, stall('4', 4), { ...cut(2), toxicity: 0 }, stall('1', 1)],
      })
      server.send('123456789')
      await client.got(1)
      await until(
        'the engine reads all bytes',
        async () => (await records(path))[0]?.bytes.downstream.received === 9,
      )
      await t.api('PATCH', `${path}/toxics/cut`, { toxicity: 1 })
      expect(await events(path)).to.deep.equal(['hit none 0', 'hit 4 0', 'hit 1 0'])
      await t.api('PATCH', `${path}/toxics/4`, { attributes: { duration: 0 } })
      await until('the toxic cuts the connection', async () => (await events(path)).length === 5)
      await t.api('PATCH', `${path}/toxics/1`, { attributes: { duration: 0 } })
      await client.ended
      expect(client.text).to.equal('123456')
      expect((await events(path)).slice(3)).to.deep.equal(['hit cut 4', 'end cut 6'])
    })

    it('shows a reset with the bytes that the toxic had passed on', async () => {
      const { client, server, path } = await pairOf({ toxics: [{ type: 'noop', name: 'none' }] })
      server.send('12345')
      await client.got(5)
      await t.api('POST', `${path}/toxics`, { type: 'reset_peer', name: 'r' })
      server.send('678')
      expect(await client.ended).to.equal('rst')
      expect(await events(path)).to.deep.equal(['hit none 0', 'hit r 5', 'reset r 5'])
    })
  })

  describe('shows as the ending', () => {
    const holding = (stream: string): ToxicBody => ({ type: 'bandwidth', stream, attributes: { rate: 0 } })

    for (const side of ['client', 'upstream'] as const) {
      const stream = side === 'client' ? 'upstream' : 'downstream'
      const ends = (pair: { client: Wire; server: Wire }): readonly [Wire, Wire] =>
        side === 'client' ? [pair.client, pair.server] : [pair.server, pair.client]

      it(`a reset by the ${side}`, async () => {
        const pair = await pairOf({})
        const [sender, receiver] = ends(pair)
        sender.send('x')
        await receiver.got(1)
        sender.rst()
        await receiver.ended
        await isClosed(pair.path)
        await endsBy(pair.path, `rst by ${side}`)
      })

      it(`a reset by the ${side} while a toxic holds its bytes`, async () => {
        const pair = await pairOf({ toxics: [holding(stream)] })
        const [sender, receiver] = ends(pair)
        sender.send('x')
        await until(
          'the engine reads the byte',
          async () => (await records(pair.path))[0]?.bytes[stream].received === 1,
        )
        sender.rst()
        await endsBy(pair.path, `rst by ${side}`)
        await t.api('DELETE', `${pair.path}/toxics/bandwidth_${stream}`)
        await receiver.ended
        receiver.socket.destroy()
        await isClosed(pair.path)
        expect((await records(pair.path))[0]?.ending).to.equal(`rst by ${side}`)
      })

      it(`a reset by the ${side} after its FIN, while a toxic delays that FIN`, async () => {
        const pair = await pairOf({ toxics: [{ type: 'slow_close', stream, attributes: { delay: hour } }] })
        const [sender, receiver] = ends(pair)
        sender.fin()
        receiver.send('x')
        await sender.got(1)
        expect((await records(pair.path))[0]?.ending).to.equal(null)
        sender.rst()
        await endsBy(pair.path, `rst by ${side}`)
      })

      it(`FIN by the ${side}`, async () => {
        const pair = await pairOf({})
        const [sender, receiver] = ends(pair)
        sender.fin()
        expect(await receiver.ended).to.equal('fin')
        await endsBy(pair.path, `fin by ${side}`)
      })

      it(`the second FIN of two half-closes, the first by the ${side}`, async () => {
        const pair = await pairOf({ half_close: true })
        const [sender, receiver] = ends(pair)
        sender.fin()
        expect(await receiver.ended).to.equal('fin')
        expect((await records(pair.path))[0]).to.include({ state: 'open', ending: null })
        receiver.fin()
        expect(await sender.ended).to.equal('fin')
        await endsBy(pair.path, `fin by ${side === 'client' ? 'upstream' : 'client'}`)
      })

      it(`a reset by the other side after a half-close by the ${side}`, async () => {
        const pair = await pairOf({ half_close: true })
        const [sender, receiver] = ends(pair)
        sender.fin()
        expect(await receiver.ended).to.equal('fin')
        receiver.send('x')
        await sender.got(1)
        receiver.rst()
        await sender.ended
        await endsBy(pair.path, `rst by ${side === 'client' ? 'upstream' : 'client'}`)
      })
    }

    it('stopping the proxy after a half-close', async () => {
      const { client, server, path } = await pairOf({ half_close: true })
      client.fin()
      await server.ended
      await t.api('PATCH', path, { enabled: false })
      await endsBy(path, 'stopped')
    })

    it('a toxic, although more than a hundred toxics acted', async () => {
      const { client, server, path } = await pairOf({
        toxics: [
          ...Array.from({ length: 100 }, (_, index) => ({ type: 'noop', name: `noop-${index}` })),
          { type: 'limit_data', name: 'cut', attributes: { bytes: 1 } },
        ],
      })
      server.send('12')
      await client.ended
      await isClosed(path)
      const [record] = await records(path)
      expect(record?.ending).to.equal('end by cut')
      expect(record?.events).to.have.length(100)
    })
  })
})
