import { randomBytes } from 'node:crypto'

import { expect } from 'chai'

import type { ConnectionJson } from '#proxies/embedded/proxy/connection-log'
import { startEngineServer } from '#proxies/embedded/server/server'
import type { EngineServer } from '#proxies/embedded/server/server'
import { Row } from '../contract/contract.ts'
import type { ToxicBody } from '../contract/contract.ts'
import { sleep, until } from '../wire.ts'
import type { Upstream, Wire } from '../wire.ts'

/** What Toxiproxy does not have: asked for by the member `streamproof`, or by toxics that it does not know. */
describe('beyond Toxiproxy', () => {
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

  describe('asking', () => {
    it('shows nothing of it where nothing was asked', async () => {
      const { path, name } = await t.proxy('x:1')
      await t.toxic(name, { type: 'noop' })
      expect((await t.api('GET', path)).text).to.not.include('streamproof')
    })

    it('shows what was asked', async () => {
      const { path } = await t.proxy('x:1', { streamproof: { seed: 9, half_close: true } })
      expect((await t.api('GET', path)).json).to.deep.include({
        streamproof: { seed: 9, half_close: true, carry_reset: false },
      })
    })

    it('changes it by an update, member by member', async () => {
      const { path } = await t.proxy('x:1', { streamproof: { seed: 9 } })
      const answer = await t.api('PATCH', path, { streamproof: { carry_reset: true } })
      expect(answer.json).to.deep.include({ streamproof: { seed: 9, half_close: false, carry_reset: true } })
    })

    for (const [what, streamproof, error] of [
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
        'toxics that are no array',
        { toxics: {} },
        'invalid toxic setting: streamproof.toxics must be an array',
      ],
      ['a toxic of no type', { toxics: [{ type: 'rain' }] }, 'invalid toxic type'],
      ['two toxics of one name', { toxics: [{ type: 'noop' }, { type: 'noop' }] }, 'toxic already exists'],
    ] as const) {
      it(`refuses ${what}, and makes nothing`, async () => {
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

  describe('toxics given with the proxy', () => {
    const toxics: readonly ToxicBody[] = [
      { type: 'limit_data', attributes: { bytes: 3 } },
      { type: 'latency', stream: 'upstream', attributes: { latency: 1 } },
    ]

    it('are there before the first connection', async () => {
      const upstream = await t.upstream((wire) => wire.send('12345'))
      const { port, path } = await t.proxy(upstream.port, { streamproof: { toxics } })
      const client = await t.connect(port)
      await client.ended
      expect(client.text).to.equal('123')
      expect((await t.api('GET', `${path}/toxics`)).json).to.have.length(2)
    })

    it('come with populate as well, which then always makes the proxy anew', async () => {
      const { name, port, path } = await t.proxy('x:1')
      const same = { name, upstream: 'x:1', listen: `127.0.0.1:${port}` }
      await t.api('POST', '/populate', [{ ...same, streamproof: { toxics } }])
      expect((await t.api('GET', `${path}/toxics`)).json).to.have.length(2)
      await t.api('POST', '/populate', [same])
      expect((await t.api('GET', `${path}/toxics`)).json).to.have.length(2)
      await t.api('POST', '/populate', [{ ...same, streamproof: { toxics: [] } }])
      expect((await t.api('GET', `${path}/toxics`)).json).to.have.length(0)
    })

    it('are checked for the whole of populate before anything is made', async () => {
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

  describe('a seed of the proxy', () => {
    const struck = async (seed: number | null): Promise<string> => {
      const upstream = await t.upstream((wire) => wire.send('hello'))
      const toxics = [{ type: 'limit_data', toxicity: 0.5, attributes: { bytes: 1 } }]
      const { port } = await t.proxy(upstream.port, { streamproof: { seed, toxics } })
      let heard = ''
      for (let i = 0; i < 30; i++) {
        const client = await t.connect(port)
        await client.got(5).catch(() => null)
        heard += client.length === 5 ? '-' : 'x'
      }
      return heard
    }

    it('repeats what its toxics do, under any name', async () => {
      const first = await struck(1)
      expect(await struck(1)).to.equal(first)
      expect(await struck(2)).to.not.equal(first)
    })

    it('is part of what a name decides where the proxy has none of its own', async () => {
      expect(await struck(null)).to.not.equal(await struck(null))
    })
  })

  describe('half-close', () => {
    it('lets a client that has sent FIN have its answer', async () => {
      const { client, server } = await pairOf({ half_close: true })
      client.send('question')
      client.fin()
      expect(await server.ended).to.equal('fin')
      server.send('answer')
      expect((await client.got(6)).toString()).to.equal('answer')
      server.fin()
      expect(await client.ended).to.equal('fin')
    })

    it('and a server that has sent FIN the rest of the question', async () => {
      const { client, server } = await pairOf({ half_close: true })
      server.fin()
      expect(await client.ended).to.equal('fin')
      client.send('rest')
      expect((await server.got(4)).toString()).to.equal('rest')
    })

    it('leaves no connection behind when both have ended', async () => {
      const { client, server, path } = await pairOf({ half_close: true })
      client.fin()
      await server.ended
      server.fin()
      await client.ended
      await until('it is over', async () => (await records(path))[0]?.state === 'closed')
    })

    it('nor when one side is gone altogether', async () => {
      const { client, server, path } = await pairOf({ half_close: true })
      client.send('x')
      await server.got(1)
      client.rst()
      expect(await server.ended).to.be.oneOf(['fin', 'rst'])
      server.fin()
      await until('it is over', async () => (await records(path))[0]?.state === 'closed')
    })

    it('nor when it is gone, and a toxic puts off telling the other', async () => {
      const { client, server, path } = await pairOf({
        half_close: true,
        toxics: [{ type: 'slow_close', stream: 'upstream', attributes: { delay: 20 } }],
      })
      client.send('x')
      await server.got(1)
      client.rst()
      expect(await server.ended).to.equal('fin')
      await until('it is over', async () => (await records(path))[0]?.state === 'closed')
    })

    it('does not weaken a toxic that closes', async () => {
      const { client, server } = await pairOf({
        half_close: true,
        toxics: [{ type: 'limit_data', attributes: { bytes: 2 } }],
      })
      server.send('123')
      expect(await Promise.all([client.ended, server.ended])).to.deep.equal(['fin', 'fin'])
      expect(client.text).to.equal('12')
    })
  })

  describe('RST carried across', () => {
    for (const [what, toxic] of [
      ['bytes that a toxic keeps', { type: 'bandwidth', attributes: { rate: 0 } }],
      ['bytes that are due in an hour', { type: 'latency', attributes: { latency: 3_600_000 } }],
    ] as const) {
      it(`also behind ${what}`, async () => {
        const toxics = [{ ...toxic, stream: 'upstream' }]
        const { client, server, path } = await pairOf({ carry_reset: true, toxics })
        client.send('five.')
        await until('they were read', async () => (await records(path))[0]?.bytes.upstream.received === 5)
        client.rst()
        expect(await server.ended).to.equal('rst')
        expect(server.text).to.equal('')
      })
    }

    it('also behind a FIN that was carried', async () => {
      const { client, server, path } = await pairOf({ carry_reset: true, half_close: true })
      client.fin()
      expect(await server.ended).to.equal('fin')
      client.rst()
      await until('it is over', async () => (await records(path))[0]?.state === 'closed')
      expect((await records(path))[0]?.ending).to.equal('rst by client')
      await new Promise((resolve) => server.socket.write('x', resolve))
      await until('the upstream knows', () => server.socket.destroyed)
    })

    it('from the client to the server', async () => {
      const { client, server } = await pairOf({ carry_reset: true })
      client.send('x')
      await server.got(1)
      client.rst()
      expect(await server.ended).to.equal('rst')
    })

    it('from the server to the client', async () => {
      const { client, server } = await pairOf({ carry_reset: true })
      server.send('x')
      await client.got(1)
      server.rst()
      expect(await client.ended).to.equal('rst')
    })

    it('while FIN stays FIN', async () => {
      const { client, server } = await pairOf({ carry_reset: true })
      server.fin()
      expect(await client.ended).to.equal('fin')
    })
  })

  describe('ending live connections on demand', () => {
    for (const [action, how] of [
      ['reset', 'rst'],
      ['close', 'fin'],
    ] as const) {
      it(`${action}: both sides see it`, async () => {
        const { client, server, path } = await t.pair()
        const answer = await t.api('POST', `${path}/connections`, { action })
        expect(answer.json).to.deep.equal({ connections: [1] })
        expect(await Promise.all([client.ended, server.ended])).to.deep.equal([how, how])
        expect((await records(path))[0]?.ending).to.equal(
          action === 'reset' ? 'reset by the API' : 'closed by the API',
        )
      })
    }

    it('reset, while both are just ending by FIN: nothing stays half-open', async () => {
      const { client, server, path } = await pairOf({ half_close: true })
      client.fin()
      const [answer] = await Promise.all([
        t.api('POST', `${path}/connections`, { action: 'reset' }),
        server.ended,
      ])
      expect(answer.status).to.equal(200)
      await until('it is over', async () => (await records(path))[0]?.state === 'closed')
      while (!server.socket.destroyed) await new Promise((resolve) => server.socket.write('x', resolve))
    })

    it('chosen ones only', async () => {
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
      it(`refuses ${JSON.stringify(body)}`, async () => {
        const { client, path } = await t.pair()
        expect((await t.api('POST', `${path}/connections`, body)).status).to.equal(400)
        expect(client.endedAt).to.equal(null)
      })
    }
  })

  describe('toxics for chosen connections', () => {
    it('strike those, and no others', async () => {
      const upstream = await t.upstream((wire) => wire.send('12345'))
      const { port, path } = await t.proxy(upstream.port)
      const toxic = { type: 'limit_data', attributes: { bytes: 1 }, streamproof: { connections: [2, 4] } }
      expect((await t.api('POST', `${path}/toxics`, toxic)).json).to.deep.include({
        streamproof: { connections: [2, 4] },
      })
      const heard: string[] = []
      for (let i = 0; i < 4; i++) {
        const client = await t.connect(port)
        await client.got(5).catch(() => null)
        heard.push(client.text)
      }
      expect(heard).to.deep.equal(['12345', '1', '12345', '1'])
    })

    it('are refused with anything but numbers', async () => {
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
    it('closes so long after the first data, while more flows', async () => {
      const { client, server } = await t.pair({ type: 'close_after', attributes: { after: 600 } })
      const start = performance.now()
      const ticking = setInterval(() => server.send('x'), 10)
      t.defer(() => clearInterval(ticking))
      expect(await client.ended).to.equal('fin')
      clearInterval(ticking)
      expect(performance.now() - start).to.be.at.least(600)
      expect(client.length).to.be.greaterThan(2)
    })

    it('leaves a silent connection alone', async () => {
      const { client } = await t.pair({ type: 'close_after', attributes: { after: 50 } })
      await sleep(150)
      expect(client.endedAt).to.equal(null)
    })

    it('counts from the first data, not from the opening', async () => {
      const { client, server } = await t.pair({ type: 'close_after', attributes: { after: 300 } })
      await sleep(200)
      const start = performance.now()
      server.send('x')
      expect(await client.ended).to.equal('fin')
      expect(performance.now() - start).to.be.at.least(300)
    })

    it('closes both sides, also where one does not read', async () => {
      const { client, server } = await t.pair({ type: 'close_after', attributes: { after: 800 } })
      client.socket.pause()
      await server.fill()
      expect(await server.ended).to.be.oneOf(['fin', 'rst'])
      client.socket.resume()
      await client.ended
    })

    it('can be put off', async () => {
      const { client, server, toxics } = await t.pair({ type: 'close_after', attributes: { after: 2000 } })
      server.send('x')
      await client.got(1)
      await t.api('PATCH', toxics[0] ?? '', { attributes: { after: 60_000 } })
      await sleep(2050)
      expect(client.endedAt).to.equal(null)
    })
  })

  describe('corrupt', () => {
    it('flips bits at a place, over the borders of chunks, and nowhere else', async () => {
      const { client, server } = await t.pair({
        type: 'corrupt',
        attributes: { offset: 2, length: 3, mask: 0x20 },
      })
      server.send('ABC')
      await client.got(3)
      server.send('DEF')
      expect((await client.got(6)).toString()).to.equal('ABcdeF')
    })

    it('flips at a rate, repeatably by the seed', async () => {
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

    it('changes no byte back that it has changed', async () => {
      const { client, server } = await t.pair({
        type: 'corrupt',
        attributes: { offset: 0, length: 2, mask: 0x20, rate: 1_000_000 },
      })
      server.send('ABCD')
      expect((await client.got(4)).toString()).to.equal('abcd')
    })

    it('needs a mask', async () => {
      const { path } = await t.proxy('x:1')
      expect((await t.api('POST', `${path}/toxics`, { type: 'corrupt' })).json).to.include({
        error: 'invalid toxic setting: corrupt.mask must be at least 1',
      })
    })
  })

  describe('stall', () => {
    it('stops at a byte for a while, then goes on; nothing is lost', async () => {
      const { client, server } = await t.pair({ type: 'stall', attributes: { bytes: 4, duration: 1500 } })
      const start = performance.now()
      server.send('12345678')
      server.fin()
      await client.got(4)
      expect(client.text).to.equal('1234')
      await client.got(8)
      expect(performance.now() - start).to.be.at.least(1500)
      expect(client.text).to.equal('12345678')
      expect(await client.ended).to.equal('fin')
    })

    it('holds the sender up meanwhile', async () => {
      const { client, server, toxics } = await t.pair({
        type: 'stall',
        attributes: { bytes: 0, duration: 60_000 },
      })
      const size = await server.fill()
      expect(client.length).to.equal(0)
      await t.api('DELETE', toxics[0] ?? '')
      await client.got(size)
    })

    it('can be made shorter, or longer, while it lasts', async () => {
      const { client, server, toxics } = await t.pair({
        type: 'stall',
        attributes: { bytes: 0, duration: 3_600_000 },
      })
      server.send('1')
      await sleep(1000)
      const start = performance.now()
      await t.api('PATCH', toxics[0] ?? '', { attributes: { duration: 2500 } })
      await client.got(1)
      // From when it began: from now on it would be 2500.
      expect(performance.now() - start).to.be.within(1400, 2400)
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
    it('is one line for all connections of the proxy', async () => {
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

    it('can be changed and taken away while bytes wait', async () => {
      const { client, server, toxics } = await t.pair({ type: 'shared_bandwidth', attributes: { rate: 1 } })
      server.send(Buffer.alloc(30_000))
      await t.api('PATCH', toxics[0] ?? '', { attributes: { rate: 20 } })
      await client.got(300)
      await t.api('DELETE', toxics[0] ?? '')
      await client.got(30_000)
    })
  })
})
