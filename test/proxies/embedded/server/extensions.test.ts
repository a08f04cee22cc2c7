import { randomBytes } from 'node:crypto'

import { expect } from 'chai'

import type { ConnectionJson } from '#proxies/embedded/proxy/connection-log'
import { startEngineServer } from '#proxies/embedded/server/server'
import type { EngineServer } from '#proxies/embedded/server/server'
import { Row } from '../../contract/contract.ts'
import type { ToxicBody } from '../../contract/contract.ts'
import { TurnTimer, sleep, until } from '../../wire.ts'
import type { Upstream, Wire } from '../../wire.ts'

/** Features that Toxiproxy does not have: requested by the member `streamproof`, or by toxics that it does not know. */
describe('extensions of the embedded engine', () => {
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

  const pairOf = async (
    streamproof: unknown,
  ): Promise<{ client: Wire; server: Wire; upstream: Upstream; path: string; port: number }> => {
    const upstream = await t.upstream()
    const proxy = await t.proxy(upstream.port, { streamproof })
    const client = await t.connect(proxy.port)
    return { client, server: await upstream.next(), upstream, ...proxy }
  }
  const records = async (path: string): Promise<readonly ConnectionJson[]> =>
    ((await t.api('GET', `${path}/connections`)).json as { connections: ConnectionJson[] }).connections

  describe('the member streamproof', () => {
    it('is not shown if it was not requested', async () => {
      const { path, name } = await t.proxy('x:1')
      await t.toxic(name, { type: 'noop' })
      expect((await t.api('GET', path)).text).to.not.include('streamproof')
    })

    it('is shown if it was requested', async () => {
      const { path } = await t.proxy('x:1', { streamproof: { seed: 9, half_close: true } })
      expect((await t.api('GET', path)).json).to.deep.include({
        streamproof: { seed: 9, half_close: true, carry_reset: false },
      })
    })

    it('is updated member by member', async () => {
      const { path } = await t.proxy('x:1', { streamproof: { seed: 9 } })
      const answer = await t.api('PATCH', path, { streamproof: { carry_reset: true } })
      expect(answer.json).to.deep.include({ streamproof: { seed: 9, half_close: false, carry_reset: true } })
    })

    for (const [problem, streamproof, error] of [
      [
        'an unknown member',
        { sed: 1 },
        'invalid toxic setting: streamproof has no member "sed"; it has seed, half_close, carry_reset, toxics',
      ],
      [
        'a wrong type',
        { half_close: 1 },
        'bad request body: json: cannot unmarshal number into Go struct field Streamproof.streamproof.half_close of type bool',
      ],
      [
        'toxics that are not an array',
        { toxics: {} },
        'invalid toxic setting: streamproof.toxics must be an array',
      ],
      ['a toxic of an unknown type', { toxics: [{ type: 'rain' }] }, 'invalid toxic type'],
      ['two toxics with one name', { toxics: [{ type: 'noop' }, { type: 'noop' }] }, 'toxic already exists'],
    ] as const) {
      it(`is refused with ${problem}, and no proxy is created`, async () => {
        const name = t.name()
        const answer = await t.api('POST', '/proxies', {
          name,
          upstream: 'x:1',
          listen: '127.0.0.1:0',
          streamproof,
        })
        expect(answer.json).to.include({ error })
        expect((await t.api('GET', `/proxies/${name}`)).status).to.equal(404)
      })
    }
  })

  describe('toxics in the body of a proxy', () => {
    const toxics: readonly ToxicBody[] = [
      { type: 'limit_data', attributes: { bytes: 3 } },
      { type: 'latency', stream: 'upstream', attributes: { latency: 1 } },
    ]

    it('act on the first connection', async () => {
      const upstream = await t.upstream((wire) => wire.send('12345'))
      const { port, path } = await t.proxy(upstream.port, { streamproof: { toxics } })
      const client = await t.connect(port)
      await client.ended
      expect(client.text).to.equal('123')
      expect((await t.api('GET', `${path}/toxics`)).json).to.have.length(2)
    })

    it('in populate always replace the proxy', async () => {
      const { name, port, path } = await t.proxy('x:1')
      const same = { name, upstream: 'x:1', listen: `127.0.0.1:${port}` }
      await t.api('POST', '/populate', [{ ...same, streamproof: { toxics } }])
      expect((await t.api('GET', `${path}/toxics`)).json).to.have.length(2)
      await t.api('POST', '/populate', [same])
      expect((await t.api('GET', `${path}/toxics`)).json).to.have.length(2)
      await t.api('POST', '/populate', [{ ...same, streamproof: { toxics: [] } }])
      expect((await t.api('GET', `${path}/toxics`)).json).to.have.length(0)
    })

    it('are checked for the whole of populate before any proxy is created', async () => {
      const name = t.name()
      const answer = await t.api('POST', '/populate', [
        { name, upstream: 'x:1', enabled: false },
        {
          name: 'other',
          upstream: 'x:1',
          enabled: false,
          streamproof: { toxics: [{ type: 'bandwidth', attributes: { rate: -1 } }] },
        },
      ])
      expect(answer.status).to.equal(400)
      expect((await t.api('GET', `/proxies/${name}`)).status).to.equal(404)
    })
  })

  describe('the seed of a proxy', () => {
    const affected = async (seed: number | null): Promise<string> => {
      const upstream = await t.upstream((wire) => wire.send('hello'))
      const toxics = [{ type: 'limit_data', toxicity: 0.5, attributes: { bytes: 1 } }]
      const { port } = await t.proxy(upstream.port, { streamproof: { seed, toxics } })
      let result = ''
      for (let count = 0; count < 30; count++) {
        const client = await t.connect(port)
        await client.got(5).catch(() => null)
        result += client.length === 5 ? '-' : 'x'
      }
      return result
    }

    it('makes its toxics repeatable under any name', async () => {
      const first = await affected(1)
      expect(await affected(1)).to.equal(first)
      expect(await affected(2)).to.not.equal(first)
    })

    it('defaults to one that depends on the name', async () => {
      expect(await affected(null)).to.not.equal(await affected(null))
    })
  })

  describe('half-close', () => {
    it('passes the answer to a client that has sent FIN', async () => {
      const { client, server } = await pairOf({ half_close: true })
      client.send('question')
      client.fin()
      expect(await server.ended).to.equal('fin')
      server.send('answer')
      expect((await client.got(6)).toString()).to.equal('answer')
      server.fin()
      expect(await client.ended).to.equal('fin')
    })

    it('passes the rest of the request to a server that has sent FIN', async () => {
      const { client, server } = await pairOf({ half_close: true })
      server.fin()
      expect(await client.ended).to.equal('fin')
      client.send('rest')
      expect((await server.got(4)).toString()).to.equal('rest')
    })

    it('closes the connection when both sides have sent FIN', async () => {
      const { client, server, path } = await pairOf({ half_close: true })
      client.fin()
      await server.ended
      server.fin()
      await client.ended
      await until('the connection is closed', async () => (await records(path))[0]?.state === 'closed')
    })

    it('closes the connection when one side is reset', async () => {
      const { client, server, path } = await pairOf({ half_close: true })
      client.send('x')
      await server.got(1)
      client.rst()
      expect(await server.ended).to.be.oneOf(['fin', 'rst'])
      server.fin()
      await until('the connection is closed', async () => (await records(path))[0]?.state === 'closed')
    })

    it('closes the connection when one side is reset and a toxic delays the end for the other', async () => {
      const { client, server, path } = await pairOf({
        half_close: true,
        toxics: [{ type: 'slow_close', stream: 'upstream', attributes: { delay: 20 } }],
      })
      client.send('x')
      await server.got(1)
      client.rst()
      expect(await server.ended).to.equal('fin')
      await until('the connection is closed', async () => (await records(path))[0]?.state === 'closed')
    })

    it('does not change a toxic that closes both sides', async () => {
      const { client, server } = await pairOf({
        half_close: true,
        toxics: [{ type: 'limit_data', attributes: { bytes: 2 } }],
      })
      server.send('123')
      expect(await Promise.all([client.ended, server.ended])).to.deep.equal(['fin', 'fin'])
      expect(client.text).to.equal('12')
    })
  })

  describe('carried resets', () => {
    for (const [held, toxic] of [
      ['bytes that a toxic holds', { type: 'bandwidth', attributes: { rate: 0 } }],
      ['bytes that are due in an hour', { type: 'latency', attributes: { latency: 3_600_000 } }],
    ] as const) {
      it(`reach the other side after ${held}`, async () => {
        const toxics = [{ ...toxic, stream: 'upstream' }]
        const { client, server, path } = await pairOf({ carry_reset: true, toxics })
        client.send('five.')
        await until(
          'the engine reads the bytes',
          async () => (await records(path))[0]?.bytes.upstream.received === 5,
        )
        client.rst()
        expect(await server.ended).to.equal('rst')
        expect(server.text).to.equal('')
      })
    }

    it('reach the other side after a carried FIN', async () => {
      const { client, server, path } = await pairOf({ carry_reset: true, half_close: true })
      client.fin()
      expect(await server.ended).to.equal('fin')
      client.rst()
      await until('the connection is closed', async () => (await records(path))[0]?.state === 'closed')
      expect((await records(path))[0]?.ending).to.equal('rst by client')
      await new Promise((resolve) => server.socket.write('x', resolve))
      await until('the upstream notices the reset', () => server.socket.destroyed)
    })

    it('reach the server from the client', async () => {
      const { client, server } = await pairOf({ carry_reset: true })
      client.send('x')
      await server.got(1)
      client.rst()
      expect(await server.ended).to.equal('rst')
    })

    it('reach the client from the server', async () => {
      const { client, server } = await pairOf({ carry_reset: true })
      server.send('x')
      await client.got(1)
      server.rst()
      expect(await client.ended).to.equal('rst')
    })

    it('do not change FIN', async () => {
      const { client, server } = await pairOf({ carry_reset: true })
      server.fin()
      expect(await client.ended).to.equal('fin')
    })
  })

  describe('ending live connections', () => {
    for (const [action, how] of [
      ['reset', 'rst'],
      ['close', 'fin'],
    ] as const) {
      it(`by ${action} reaches both sides`, async () => {
        const { client, server, path } = await t.pair()
        const answer = await t.api('POST', `${path}/connections`, { action })
        expect(answer.json).to.deep.equal({ connections: [1] })
        expect(await Promise.all([client.ended, server.ended])).to.deep.equal([how, how])
        expect((await records(path))[0]?.ending).to.equal(
          action === 'reset' ? 'reset by the API' : 'closed by the API',
        )
      })
    }

    it('by reset, while FINs are being sent, leaves nothing half-open', async () => {
      const { client, server, path } = await pairOf({ half_close: true })
      client.fin()
      const [answer] = await Promise.all([
        t.api('POST', `${path}/connections`, { action: 'reset' }),
        server.ended,
      ])
      expect(answer.status).to.equal(200)
      await until('the connection is closed', async () => (await records(path))[0]?.state === 'closed')
      while (!server.socket.destroyed) await new Promise((resolve) => server.socket.write('x', resolve))
    })

    it('ends only the chosen ones', async () => {
      const { client, path, port, upstream } = await t.pair()
      const second = await t.connect(port)
      const other = await upstream.next()
      const answer = await t.api('POST', `${path}/connections`, { action: 'reset', connections: [2, 99] })
      expect(answer.json).to.deep.equal({ connections: [2] })
      expect(await second.ended).to.equal('rst')
      expect(await other.ended).to.equal('rst')
      expect(client.endedAt).to.equal(null)
    })

    for (const body of [
      {},
      { action: 'explode' },
      { action: 'reset', connections: 'all' },
      { action: 'reset', connections: [0] },
    ]) {
      it(`is refused with the body ${JSON.stringify(body)}`, async () => {
        const { client, path } = await t.pair()
        expect((await t.api('POST', `${path}/connections`, body)).status).to.equal(400)
        expect(client.endedAt).to.equal(null)
      })
    }
  })

  describe('toxics for chosen connections', () => {
    it('act on those and no others', async () => {
      const upstream = await t.upstream((wire) => wire.send('12345'))
      const { port, path } = await t.proxy(upstream.port)
      const toxic = { type: 'limit_data', attributes: { bytes: 1 }, streamproof: { connections: [2, 4] } }
      expect((await t.api('POST', `${path}/toxics`, toxic)).json).to.deep.include({
        streamproof: { connections: [2, 4] },
      })
      const texts: string[] = []
      for (let count = 0; count < 4; count++) {
        const client = await t.connect(port)
        await client.got(5).catch(() => null)
        texts.push(client.text)
      }
      expect(texts).to.deep.equal(['12345', '1', '12345', '1'])
    })

    it('are refused unless they are numbers', async () => {
      const { path } = await t.proxy('x:1')
      const answer = await t.api('POST', `${path}/toxics`, {
        type: 'noop',
        streamproof: { connections: ['1'] },
      })
      expect(answer.json).to.include({
        error:
          'invalid toxic setting: streamproof.connections must be an array of connection numbers, counted from 1',
      })
    })
  })

  describe('close_after', () => {
    it('closes after its time since the first data, while more flows', async () => {
      const { client, server } = await t.pair({ type: 'close_after', attributes: { after: 600 } })
      const start = performance.now()
      const ticking = setInterval(() => server.send('x'), 10)
      t.defer(() => clearInterval(ticking))
      expect(await client.ended).to.equal('fin')
      clearInterval(ticking)
      expect(performance.now() - start).to.be.at.least(600)
      expect(client.length).to.be.greaterThan(2)
    })

    it('does not close a silent connection', async () => {
      const { client } = await t.pair({ type: 'close_after', attributes: { after: 50 } })
      await sleep(150)
      expect(client.endedAt).to.equal(null)
    })

    it('counts from the first data and not from the opening', async () => {
      const { client, server } = await t.pair({ type: 'close_after', attributes: { after: 300 } })
      await sleep(200)
      const start = performance.now()
      server.send('x')
      expect(await client.ended).to.equal('fin')
      expect(performance.now() - start).to.be.at.least(300)
    })

    it('closes both sides, also if one does not read', async () => {
      const { client, server } = await t.pair({ type: 'close_after', attributes: { after: 800 } })
      client.socket.pause()
      await server.fill()
      expect(await server.ended).to.be.oneOf(['fin', 'rst'])
      client.socket.resume()
      await client.ended
    })

    it('can be delayed by an update', async () => {
      const { client, server, toxics } = await t.pair({ type: 'close_after', attributes: { after: 4000 } })
      server.send('x')
      await client.got(1)
      await t.api('PATCH', toxics[0] ?? '', { attributes: { after: 60_000 } })
      await sleep(4050)
      expect(client.endedAt).to.equal(null)
    })
  })

  describe('corrupt', () => {
    it('flips bits at its offset, across chunks, and nowhere else', async () => {
      const { client, server } = await t.pair({
        type: 'corrupt',
        attributes: { offset: 2, length: 3, mask: 0x20 },
      })
      server.send('ABC')
      await client.got(3)
      server.send('DEF')
      expect((await client.got(6)).toString()).to.equal('ABcdeF')
    })

    it('flips bits at its rate, repeatably by the seed', async () => {
      const toxics = [{ type: 'corrupt', stream: 'upstream', attributes: { mask: 255, rate: 10_000 } }]
      const data = randomBytes(50_000)
      const changed = async (): Promise<readonly number[]> => {
        const { client, server } = await pairOf({ seed: 3, toxics })
        client.send(data)
        const got = await server.got(data.length)
        return [...got.entries()].filter(([place, byte]) => byte !== data[place]).map(([place]) => place)
      }
      const first = await changed()
      expect(first.length).to.be.within(350, 650)
      expect(await changed()).to.deep.equal(first)
    })

    it('does not change a byte back', async () => {
      const { client, server } = await t.pair({
        type: 'corrupt',
        attributes: { offset: 0, length: 2, mask: 0x20, rate: 1_000_000 },
      })
      server.send('ABCD')
      expect((await client.got(4)).toString()).to.equal('abcd')
    })

    it('requires a mask', async () => {
      const { path } = await t.proxy('x:1')
      expect((await t.api('POST', `${path}/toxics`, { type: 'corrupt' })).json).to.include({
        error: 'invalid toxic setting: corrupt.mask must be at least 1',
      })
    })
  })

  describe('stall', () => {
    it('stops at its byte for its duration and loses nothing', async () => {
      const { client, server } = await t.pair({ type: 'stall', attributes: { bytes: 4, duration: 4000 } })
      const start = performance.now()
      server.send('12345678')
      server.fin()
      await client.got(4)
      expect(client.text).to.equal('1234')
      await client.got(8)
      expect(performance.now() - start).to.be.at.least(4000)
      expect(client.text).to.equal('12345678')
      expect(await client.ended).to.equal('fin')
    })

    it('makes the sender wait meanwhile', async () => {
      const { client, server, toxics } = await t.pair({
        type: 'stall',
        attributes: { bytes: 0, duration: 60_000 },
      })
      const size = await server.fill()
      expect(client.length).to.equal(0)
      await t.api('DELETE', toxics[0] ?? '')
      await client.got(size)
    })

    it('can be shortened while it lasts', async () => {
      const { client, server, toxics } = await t.pair({
        type: 'stall',
        attributes: { bytes: 0, duration: 3_600_000 },
      })
      const sentAt = performance.now()
      server.send('1')
      await sleep(1000)
      using timer = new TurnTimer()
      await t.api('PATCH', toxics[0] ?? '', { attributes: { duration: 2500 } })
      await client.got(1)
      expect(performance.now() - sentAt).to.be.at.least(2500)
      // The duration counts from the start of the stall. Counted from the update it would be 2500.
      expect(timer.elapsedMs).to.be.at.most(2400)
    })

    it('stalls once', async () => {
      const { client, server } = await t.pair({ type: 'stall', attributes: { bytes: 1, duration: 50 } })
      server.send('12')
      await client.got(2)
      server.send('34')
      await client.got(4)
    })
  })

  describe('shared_bandwidth', () => {
    it('is one rate for all connections of the proxy', async () => {
      const upstream = await t.upstream((wire) => wire.send(Buffer.alloc(10_000)))
      const toxics = [{ type: 'shared_bandwidth', attributes: { rate: 100 } }]
      const { port } = await t.proxy(upstream.port, { streamproof: { toxics } })
      const start = performance.now()
      const clients = await Promise.all(Array.from({ length: 4 }, () => t.connect(port)))
      await Promise.all(clients.map((client) => client.got(10_000)))
      expect(performance.now() - start).to.be.at.least(395)
    })

    it('is shared in turns', async () => {
      const upstream = await t.upstream((wire) => wire.send(Buffer.alloc(20_000)))
      const toxics = [{ type: 'shared_bandwidth', attributes: { rate: 20 } }]
      const { port } = await t.proxy(upstream.port, { streamproof: { toxics } })
      const [first, second] = await Promise.all([t.connect(port), t.connect(port)])
      await Promise.all([first.got(4000), second.got(4000)])
      expect(Math.max(first.length, second.length)).to.be.lessThan(20_000)
    })

    it('can be updated and removed while bytes wait', async () => {
      const { client, server, toxics } = await t.pair({ type: 'shared_bandwidth', attributes: { rate: 1 } })
      server.send(Buffer.alloc(30_000))
      await t.api('PATCH', toxics[0] ?? '', { attributes: { rate: 20 } })
      await client.got(300)
      await t.api('DELETE', toxics[0] ?? '')
      await client.got(30_000)
    })
  })
})
