import { randomBytes } from 'node:crypto'

import { expect } from 'chai'

import { quiet, sleep, until } from '../wire.ts'
import type { Wire } from '../wire.ts'
import { contract } from './contract.ts'
import type { Row } from './contract.ts'

/** Sends one byte, and returns how many ms it took to arrive. */
async function passage(from: Wire, to: Wire): Promise<number> {
  const before = to.length
  const start = performance.now()
  from.send('x')
  await to.got(before + 1)
  return performance.now() - start
}

/** Which of so many consecutive connections a toxic that passes nothing affects: `x`, else `-`. */
async function affectedConnections(t: Row, port: number, count: number): Promise<string> {
  const results: string[] = []
  for (let i = 0; i < count; i++) {
    const client = await t.connect(port)
    await Promise.race([client.got(5).catch(() => null), client.ended])
    results.push(client.length === 5 ? '-' : 'x')
    client.socket.destroy()
  }
  return results.join('')
}

const half = { type: 'limit_data', toxicity: 0.5, attributes: { bytes: 0 } }

/**
 * Expects that nothing arrives in this time. It only shows that a delay or a drop is in force, so a slow machine cannot make
 * it fail.
 */
async function staysAt(wire: Wire, length: number, ms = 80): Promise<void> {
  await sleep(ms)
  expect(wire.length).to.equal(length)
}

contract('connections', { concurrent: true }, ({ row }) => {
  row('connection/both-ways', 'bytes pass both ways unaltered', async (t) => {
    const { client, server } = await t.pair()
    const up = randomBytes(300_000)
    const down = randomBytes(300_000)
    client.send(up)
    server.send(down)
    expect((await server.got(up.length)).equals(up)).to.equal(true)
    expect((await client.got(down.length)).equals(down)).to.equal(true)
  })
  row(
    'connection/no-half-close',
    'a client that sends FIN loses the answer: there is no half-close',
    async (t) => {
      const { client, server } = await t.pair()
      client.send('question')
      client.fin()
      await server.got(8)
      expect(await server.ended).to.equal('fin')
      expect(await client.ended).to.equal('fin')
      server.send('answer')
      await staysAt(client, 0, 50)
    },
  )
  row('connection/server-fin', 'the end of a side arrives after its last byte', async (t) => {
    const { client, server } = await t.pair()
    server.send('last words')
    server.fin()
    expect(await client.ended).to.equal('fin')
    expect(client.text).to.equal('last words')
  })
  row('connection/client-rst', 'a reset by the client reaches the server as FIN', async (t) => {
    const { client, server } = await t.pair()
    client.send('x')
    await server.got(1)
    client.rst()
    expect(await server.ended).to.equal('fin')
  })
  row('connection/server-rst', 'a reset by the server reaches the client as FIN', async (t) => {
    const { client, server } = await t.pair()
    server.send('x')
    await client.got(1)
    server.rst()
    expect(await client.ended).to.equal('fin')
  })
  row('connection/dial-failure', 'if the upstream cannot be reached, the client gets FIN', async (t) => {
    const { port } = await t.proxy('127.0.0.1:1')
    const client = await t.connect(port)
    expect(await client.ended).to.equal('fin')
  })
  row('connection/bad-upstream', 'if the upstream is not an address, the client gets FIN', async (t) => {
    const { port } = await t.proxy('no address')
    const client = await t.connect(port)
    expect(await client.ended).to.equal('fin')
  })
  row('connection/accept-first', 'the client is accepted before the upstream is', async (t) => {
    const { port } = await t.proxy('127.0.0.1:1')
    expect((await t.connect(port)).socket.connecting).to.equal(false)
  })
  row('connection/each-its-own', 'each client has its own upstream connection', async (t) => {
    const { upstream, port, server } = await t.pair()
    const second = await t.connect(port)
    const other = await upstream.next()
    second.send('two')
    await other.got(3)
    expect(server.length).to.equal(0)
  })
  row('connection/back-pressure', 'a reader that stops reading makes the sender wait', async (t) => {
    const { client, server } = await t.pair()
    client.socket.pause()
    const size = await server.fill()
    client.socket.resume()
    await client.got(size)
  })
  row(
    'connection/reset-unnoticed',
    'a client that resets while its reader is stalled is not noticed; the embedded engine notices it',
    async (t) => {
      const { client, server } = await t.pair({
        type: 'bandwidth',
        stream: 'upstream',
        attributes: { rate: 0 },
      })
      await client.fill()
      client.rst()
      if (t.kind === 'embedded') expect(await server.ended).to.equal('fin')
      else {
        await sleep(3000)
        expect(server.endedAt).to.equal(null)
      }
    },
  )
  row('connection/noop', 'noop passes everything', async (t) => {
    const { client, server } = await t.pair({ type: 'noop' }, { type: 'noop', stream: 'upstream' })
    client.send('up')
    server.send('down')
    await server.got(2)
    await client.got(4)
  })
  row('connection/direction', 'a toxic acts on its own direction only', async (t) => {
    const { client, server } = await t.pair({
      type: 'timeout',
      stream: 'downstream',
      attributes: { timeout: 0 },
    })
    server.send('dropped')
    await passage(client, server)
    await staysAt(client, 0)
  })
  row('connection/added-live', 'a toxic that is added acts on live connections', async (t) => {
    const { client, server, name } = await t.pair()
    await passage(server, client)
    await t.toxic(name, { type: 'latency', attributes: { latency: 120 } })
    expect(await passage(server, client)).to.be.at.least(119)
  })
  row('connection/removed-live', 'a toxic that is removed stops acting', async (t) => {
    const { client, server, toxics } = await t.pair({ type: 'latency', attributes: { latency: 60_000 } })
    await t.api('DELETE', toxics[0] ?? '')
    await passage(server, client)
  })
  row('connection/chain-order', 'toxics act in the order of their creation', async (t) => {
    const { client, server } = await t.pair(
      { type: 'limit_data', attributes: { bytes: 3 } },
      { type: 'slow_close', attributes: { delay: 150 } },
    )
    const start = performance.now()
    server.send('12345')
    expect(await client.ended).to.equal('fin')
    expect(performance.now() - start).to.be.at.least(149)
    expect(client.text).to.equal('123')
  })
  row('connection/toxicity-0', 'a toxicity of 0 never applies', async (t) => {
    const { client, server } = await t.pair({ type: 'timeout', toxicity: 0, attributes: { timeout: 0 } })
    await passage(server, client)
  })
  row('connection/toxicity-half', 'a toxicity of 0.5 applies to some connections', async (t) => {
    const upstream = await t.upstream((wire) => wire.send('hello'))
    const { port, name } = await t.proxy(upstream.port)
    await t.toxic(name, half)
    // Sixty draws of 0.5 are outside these bounds once in ten million runs.
    expect((await affectedConnections(t, port, 60)).replaceAll('x', '').length).to.be.within(10, 50)
  })
  row('connection/toxicity-1', 'a toxicity of 1 always applies', async (t) => {
    const upstream = await t.upstream((wire) => wire.send('hello'))
    const { port, name } = await t.proxy(upstream.port)
    await t.toxic(name, { ...half, toxicity: 1 })
    expect(await affectedConnections(t, port, 20)).to.equal('x'.repeat(20))
  })
  row(
    'connection/toxicity-per-connection',
    'toxicity is drawn for each connection, not for each message',
    async (t) => {
      const { upstream, port, name } = await t.pair()
      await t.toxic(name, { type: 'timeout', toxicity: 0.5, attributes: { timeout: 0 } })
      const pairs: { readonly client: Wire; readonly server: Wire }[] = []
      for (let i = 0; i < 20; i++)
        pairs.push({ client: await t.connect(port), server: await upstream.next() })
      for (let message = 1; message <= 5; message++) {
        for (const { server } of pairs) server.send('x')
        // On each connection all messages arrive, or none.
        await quiet('all messages have arrived', () =>
          pairs.reduce((sum, { client }) => sum + client.length, 0),
        )
        for (const { client } of pairs) expect(client.length).to.be.oneOf([0, message])
      }
    },
  )
  row(
    'connection/toxicity-redrawn',
    'any update draws toxicity again; the embedded engine draws it once',
    async (t) => {
      const upstream = await t.echo()
      const { port, name } = await t.proxy(upstream.port)
      const path = await t.toxic(name, { type: 'timeout', toxicity: 0.5, attributes: { timeout: 0 } })
      const clients = await Promise.all(Array.from({ length: 40 }, () => t.connect(port)))
      await until('all connections reach the upstream', () => upstream.open === 40)
      const affected = async (): Promise<string> => {
        const before = clients.map((client) => client.length)
        for (const client of clients) client.send('x')
        await quiet('all echoes have arrived', () => clients.reduce((sum, { length }) => sum + length, 0))
        return clients.map(({ length }, index) => (length > (before[index] ?? 0) ? '-' : 'x')).join('')
      }
      const first = await affected()
      await t.api('PATCH', path, {})
      if (t.kind === 'embedded') expect(await affected()).to.equal(first)
      else expect(await affected()).to.not.equal(first)
    },
  )
})

contract('latency', { concurrent: true }, ({ row }) => {
  row('latency/down', '`latency` delays data from the server by at least the latency', async (t) => {
    const { client, server } = await t.pair({ type: 'latency', attributes: { latency: 100 } })
    expect(await passage(server, client)).to.be.at.least(99.5)
  })
  row('latency/up', '`latency` delays data to the server by at least the latency', async (t) => {
    const { client, server } = await t.pair({
      type: 'latency',
      stream: 'upstream',
      attributes: { latency: 100 },
    })
    expect(await passage(client, server)).to.be.at.least(99.5)
  })
  row('latency/pipelined', 'delays of chunks overlap: ten chunks take one latency, not ten', async (t) => {
    const { client, server } = await t.pair({ type: 'latency', attributes: { latency: 600 } })
    const start = performance.now()
    for (let i = 0; i < 10; i++) {
      server.send('x')
      await sleep(20)
    }
    await client.got(10)
    // In sequence they would take six seconds.
    expect(performance.now() - start).to.be.within(599, 5900)
  })
  row('latency/order', 'order is kept: a chunk with much jitter delays the next ones', async (t) => {
    const { client, server } = await t.pair({ type: 'latency', attributes: { latency: 30, jitter: 30 } })
    for (let i = 0; i < 20; i++) {
      server.send(`${i},`)
      await sleep(3)
    }
    const all = Array.from({ length: 20 }, (_, i) => `${i},`).join('')
    expect((await client.got(all.length)).toString()).to.equal(all)
  })
  row('latency/jitter', 'jitter shortens the latency by at most itself', async (t) => {
    const { client, server } = await t.pair({ type: 'latency', attributes: { latency: 60, jitter: 20 } })
    for (let i = 0; i < 5; i++) expect(await passage(server, client)).to.be.at.least(39.5)
  })
  row('latency/jitter-negative', 'jitter of 0 or less is no jitter', async (t) => {
    const { client, server } = await t.pair({ type: 'latency', attributes: { latency: 0, jitter: -60_000 } })
    await passage(server, client)
  })
  row('latency/back-pressure', '`latency` holds 1024 chunks, then the sender must wait', async (t) => {
    const { client, server, toxics } = await t.pair({ type: 'latency', attributes: { latency: 600_000 } })
    const size = await server.fill()
    expect(client.length).to.equal(0)
    await t.api('DELETE', toxics[0] ?? '')
    await client.got(size)
  })
  row('latency/sum', 'two latencies add up', async (t) => {
    const { client, server } = await t.pair(
      { type: 'latency', name: 'a', attributes: { latency: 80 } },
      { type: 'latency', name: 'b', attributes: { latency: 120 } },
    )
    expect(await passage(server, client)).to.be.at.least(199)
  })
  row('latency/negative', 'a latency below 0 is no latency', async (t) => {
    const { client, server } = await t.pair({ type: 'latency', attributes: { latency: -60_000 } })
    await passage(server, client)
  })
  row('latency/fin', 'FIN without data before it is not delayed', async (t) => {
    const { client, server } = await t.pair({ type: 'latency', attributes: { latency: 60_000 } })
    server.fin()
    expect(await client.ended).to.equal('fin')
  })
  row('latency/fin-after-data', 'FIN after data arrives with the data', async (t) => {
    const { client, server } = await t.pair({ type: 'latency', attributes: { latency: 150 } })
    const start = performance.now()
    server.send('bye')
    server.fin()
    expect(await client.ended).to.equal('fin')
    expect(client.text).to.equal('bye')
    expect(performance.now() - start).to.be.at.least(149)
  })
  row('latency/connect', 'connecting is not delayed', async (t) => {
    const { client } = await t.pair({ type: 'latency', stream: 'upstream', attributes: { latency: 60_000 } })
    expect(client.socket.connecting).to.equal(false)
  })
  row('latency/removed', 'removing `latency` releases the data that it held, in order', async (t) => {
    const { client, server, toxics } = await t.pair({ type: 'latency', attributes: { latency: 60_000 } })
    for (const letter of 'abc') {
      server.send(letter)
      await sleep(10)
    }
    await staysAt(client, 0, 30)
    await t.api('DELETE', toxics[0] ?? '')
    expect((await client.got(3)).toString()).to.equal('abc')
  })
  row(
    'latency/updated',
    'an update releases the first chunk; the new latency applies to the others',
    async (t) => {
      const { client, server, toxics } = await t.pair({ type: 'latency', attributes: { latency: 60_000 } })
      server.send('a')
      await sleep(50)
      const start = performance.now()
      server.send('b')
      await sleep(50)
      await t.api('PATCH', toxics[0] ?? '', { attributes: { latency: 5000 } })
      await client.got(1)
      expect(client.text).to.equal('a')
      await client.got(2)
      expect(performance.now() - start).to.be.at.least(4999)
    },
  )
})

contract('bandwidth', { concurrent: true }, ({ row }) => {
  row('bandwidth/rate', '`bandwidth` passes `rate` KB of 1000 bytes per second', async (t) => {
    const { client, server } = await t.pair({ type: 'bandwidth', attributes: { rate: 100 } })
    const start = performance.now()
    server.send(Buffer.alloc(30_000))
    await client.got(30_000)
    expect(performance.now() - start).to.be.at.least(285)
  })
  row('bandwidth/slices', 'a long chunk passes in slices of 100 ms', async (t) => {
    const { client, server } = await t.pair({ type: 'bandwidth', attributes: { rate: 10 } })
    const start = performance.now()
    server.send(Buffer.alloc(40_000))
    await client.got(1000)
    expect(performance.now() - start).to.be.at.least(98)
    expect(client.length).to.be.lessThan(40_000)
    await client.got(40_000)
    expect(performance.now() - start).to.be.at.least(3900)
  })
  row('bandwidth/up', '`bandwidth` limits data to the server too', async (t) => {
    const { client, server } = await t.pair({
      type: 'bandwidth',
      stream: 'upstream',
      attributes: { rate: 100 },
    })
    const start = performance.now()
    client.send(Buffer.alloc(15_000))
    await server.got(15_000)
    expect(performance.now() - start).to.be.at.least(140)
  })
  row('bandwidth/small', 'a small chunk takes the time of its own length', async (t) => {
    const { client, server } = await t.pair({ type: 'bandwidth', attributes: { rate: 1 } })
    const start = performance.now()
    server.send(Buffer.alloc(90))
    await client.got(90)
    expect(performance.now() - start).to.be.at.least(88)
  })
  row('bandwidth/own', 'each connection has the whole rate', async (t) => {
    const upstream = await t.upstream((wire) => wire.send(Buffer.alloc(30_000)))
    const { port, name } = await t.proxy(upstream.port)
    await t.toxic(name, { type: 'bandwidth', attributes: { rate: 100 } })
    const start = performance.now()
    const clients = await Promise.all(Array.from({ length: 20 }, () => t.connect(port)))
    await Promise.all(clients.map((client) => client.got(30_000)))
    // In sequence, the twenty would take six seconds.
    expect(performance.now() - start).to.be.lessThan(5900)
  })
  row('bandwidth/zero', 'at rate 0 nothing passes', async (t) => {
    const { client, server } = await t.pair({ type: 'bandwidth', attributes: { rate: 0 } })
    server.send('x')
    await staysAt(client, 0, 250)
  })
  row('bandwidth/removed', 'removing `bandwidth` sends the waiting data', async (t) => {
    const { client, server, toxics } = await t.pair({ type: 'bandwidth', attributes: { rate: 1 } })
    server.send(Buffer.alloc(20_000))
    await client.got(1)
    await t.api('DELETE', toxics[0] ?? '')
    await client.got(20_000)
  })
  row('bandwidth/fin', 'the end arrives after the data', async (t) => {
    const { client, server } = await t.pair({ type: 'bandwidth', attributes: { rate: 50 } })
    server.send(Buffer.alloc(10_000))
    server.fin()
    expect(await client.ended).to.equal('fin')
    expect(client.length).to.equal(10_000)
  })
})

contract('slow_close', { concurrent: true }, ({ row }) => {
  row(
    'slow-close/down',
    '`slow_close` delays the end of the server for the client, and not the data',
    async (t) => {
      const { client, server } = await t.pair({ type: 'slow_close', attributes: { delay: 4000 } })
      const start = performance.now()
      server.send('bye')
      server.fin()
      await client.got(3)
      expect(client.endedAt).to.equal(null)
      expect(await client.ended).to.equal('fin')
      expect(performance.now() - start).to.be.at.least(3999)
    },
  )
  row('slow-close/up', 'upstream, the server sees the end of the client late', async (t) => {
    const { client, server } = await t.pair({
      type: 'slow_close',
      stream: 'upstream',
      attributes: { delay: 200 },
    })
    const start = performance.now()
    client.fin()
    expect(await server.ended).to.equal('fin')
    expect(performance.now() - start).to.be.at.least(199)
  })
  row('slow-close/own-side', 'downstream, a client that closes sees its own side closed late', async (t) => {
    const { client, server } = await t.pair({ type: 'slow_close', attributes: { delay: 200 } })
    const start = performance.now()
    client.fin()
    expect(await server.ended).to.equal('fin')
    expect(await client.ended).to.equal('fin')
    expect(performance.now() - start).to.be.at.least(199)
  })
  row('slow-close/removed', 'removing `slow_close` during the delay closes at once', async (t) => {
    const { client, server, toxics } = await t.pair({ type: 'slow_close', attributes: { delay: 60_000 } })
    server.fin()
    await staysAt(client, 0)
    await t.api('DELETE', toxics[0] ?? '')
    expect(await client.ended).to.equal('fin')
  })
})

contract('timeout', { concurrent: true }, ({ row }) => {
  row('timeout/drops', '`timeout` drops all data of its direction; with 0 it never closes', async (t) => {
    const { client, server } = await t.pair({ type: 'timeout', attributes: { timeout: 0 } })
    server.send('lost')
    await staysAt(client, 0)
    expect(client.endedAt).to.equal(null)
  })
  row(
    'timeout/closes',
    '`timeout` above 0 closes both sides with FIN after that time without data',
    async (t) => {
      const start = performance.now()
      const { client, server } = await t.pair({ type: 'timeout', attributes: { timeout: 200 } })
      expect(await Promise.all([client.ended, server.ended])).to.deep.equal(['fin', 'fin'])
      expect(performance.now() - start).to.be.at.least(199)
    },
  )
  row('timeout/restarts', 'each dropped chunk restarts the time', async (t) => {
    // The timeout is much longer than the pauses, so that the next chunk is in time on a busy machine too.
    const { client, server } = await t.pair({ type: 'timeout', attributes: { timeout: 4000 } })
    let last = 0
    for (let i = 0; i < 3; i++) {
      await sleep(100)
      last = performance.now()
      server.send('x')
    }
    expect(await client.ended).to.equal('fin')
    expect(performance.now() - last).to.be.at.least(3999)
    expect(client.length).to.equal(0)
  })
  row('timeout/updated', 'any update restarts the time', async (t) => {
    const { client, server, toxics } = await t.pair({ type: 'timeout', attributes: { timeout: 4000 } })
    await passage(client, server)
    await sleep(300)
    const start = performance.now()
    await t.api('PATCH', toxics[0] ?? '', {})
    expect(await client.ended).to.equal('fin')
    expect(performance.now() - start).to.be.at.least(3999)
  })
  row('timeout/own-direction', 'data of the other direction does not restart the time', async (t) => {
    const { client, server } = await t.pair({ type: 'timeout', attributes: { timeout: 250 } })
    const ticking = setInterval(() => client.send('x'), 20)
    t.defer(() => clearInterval(ticking))
    expect(await server.ended).to.equal('fin')
    clearInterval(ticking)
  })
  row('timeout/negative', 'a timeout below 0 is 0: it never closes', async (t) => {
    const { client, server } = await t.pair({ type: 'timeout', attributes: { timeout: -1 } })
    server.send('lost')
    await staysAt(client, 0)
    expect(client.endedAt).to.equal(null)
  })
  row('timeout/fin', 'the end of the source is not dropped', async (t) => {
    const { client, server } = await t.pair({
      type: 'timeout',
      stream: 'upstream',
      attributes: { timeout: 0 },
    })
    client.fin()
    expect(await server.ended).to.equal('fin')
  })
  row('timeout/removed', 'removing `timeout` closes the connections on which it acted', async (t) => {
    const { client, server, toxics } = await t.pair({ type: 'timeout', attributes: { timeout: 0 } })
    // A byte passes: the proxy serves the connection and has not only accepted it.
    await passage(client, server)
    await t.api('DELETE', toxics[0] ?? '')
    expect(await Promise.all([client.ended, server.ended])).to.deep.equal(['fin', 'fin'])
  })
})

contract('reset_peer', { concurrent: true }, ({ row }) => {
  row(
    'reset-peer/client',
    '`reset_peer`: the first data of its direction resets the client and is lost',
    async (t) => {
      const { client, server } = await t.pair({ type: 'reset_peer', attributes: { timeout: 0 } })
      server.send('lost')
      expect(await client.ended).to.equal('rst')
      expect(client.length).to.equal(0)
    },
  )
  row('reset-peer/server', 'the first data of its direction also resets the server', async (t) => {
    const { server } = await t.pair({ type: 'reset_peer', attributes: { timeout: 0 } })
    server.send('lost')
    expect(await server.ended).to.equal('rst')
  })
  row('reset-peer/up', 'upstream, the first data of the client resets both sides', async (t) => {
    const { client, server } = await t.pair({
      type: 'reset_peer',
      stream: 'upstream',
      attributes: { timeout: 0 },
    })
    client.send('lost')
    expect(await Promise.all([client.ended, server.ended])).to.deep.equal(['rst', 'rst'])
    expect(server.length).to.equal(0)
  })
  row('reset-peer/silent', 'a silent connection stays open', async (t) => {
    const { client } = await t.pair({ type: 'reset_peer', attributes: { timeout: 0 } })
    await staysAt(client, 0)
    expect(client.endedAt).to.equal(null)
  })
  row('reset-peer/timeout', '`reset_peer` waits for `timeout` before the reset', async (t) => {
    const { client, server } = await t.pair({ type: 'reset_peer', attributes: { timeout: 150 } })
    const start = performance.now()
    server.send('lost')
    expect(await client.ended).to.equal('rst')
    expect(performance.now() - start).to.be.at.least(149)
  })
  row('reset-peer/end', 'the end of the direction also causes the reset', async (t) => {
    const { client, server } = await t.pair({
      type: 'reset_peer',
      stream: 'upstream',
      attributes: { timeout: 0 },
    })
    client.fin()
    expect(await server.ended).to.equal('rst')
  })
  row(
    'reset-peer/live',
    'added to a live connection, `reset_peer` ends it with FIN; in the embedded engine with RST',
    async (t) => {
      const { client, server, name } = await t.pair()
      await passage(server, client)
      await t.toxic(name, { type: 'reset_peer', attributes: { timeout: 0 } })
      server.send('lost')
      expect(await client.ended).to.equal(t.kind === 'embedded' ? 'rst' : 'fin')
    },
  )
  row(
    'reset-peer/toxicity-0',
    'with toxicity 0 every close is RST; in the embedded engine nothing changes',
    async (t) => {
      const { client, server } = await t.pair({ type: 'reset_peer', toxicity: 0, attributes: { timeout: 0 } })
      server.send('kept')
      await client.got(4)
      server.fin()
      expect(await client.ended).to.equal(t.kind === 'embedded' ? 'fin' : 'rst')
    },
  )
  row(
    'reset-peer/removed',
    'removing it waits for the reset; in the embedded engine the data passes at once',
    async (t) => {
      // The call to the real server takes this long.
      const timeout = t.kind === 'embedded' ? 60_000 : 1500
      const { client, server, toxics } = await t.pair({ type: 'reset_peer', attributes: { timeout } })
      server.send('held')
      await staysAt(client, 0, 200)
      await t.api('DELETE', toxics[0] ?? '')
      if (t.kind === 'embedded') expect((await client.got(4)).toString()).to.equal('held')
      else expect(await client.ended).to.equal('rst')
    },
  )
})

contract('slicer', { concurrent: true }, ({ row }) => {
  row('slicer/bytes', '`slicer` keeps the bytes the same', async (t) => {
    const { client, server } = await t.pair({
      type: 'slicer',
      attributes: { average_size: 100, size_variation: 20 },
    })
    const data = randomBytes(20_000)
    server.send(data)
    expect((await client.got(data.length)).equals(data)).to.equal(true)
  })
  row('slicer/sizes', 'a piece has about `average_size` bytes, plus or minus the variation', async (t) => {
    // The second piece is due in a minute.
    const attributes = { average_size: 100, size_variation: 20, delay: 60_000_000 }
    const { client, server, toxics } = await t.pair({ type: 'slicer', attributes })
    server.send(Buffer.alloc(10_000))
    await client.got(1)
    await staysAt(client, client.length)
    expect(client.length).to.be.within(30, 120)
    await t.api('DELETE', toxics[0] ?? '')
    await client.got(10_000)
  })
  row('slicer/delay', '`delay` microseconds pass after each piece', async (t) => {
    const { client, server } = await t.pair({
      type: 'slicer',
      attributes: { average_size: 10, delay: 10_000 },
    })
    const start = performance.now()
    server.send(Buffer.alloc(160))
    await client.got(160)
    // Sixteen pieces have fifteen pauses between them.
    expect(performance.now() - start).to.be.at.least(149)
  })
  row('slicer/up', '`slicer` delays pieces to the server too', async (t) => {
    const { client, server } = await t.pair({
      type: 'slicer',
      stream: 'upstream',
      attributes: { average_size: 10, delay: 5000 },
    })
    const start = performance.now()
    client.send(Buffer.alloc(160))
    await server.got(160)
    expect(performance.now() - start).to.be.at.least(74)
  })
  row('slicer/single-bytes', 'pieces may be single bytes', async (t) => {
    const attributes = { average_size: 1, delay: 60_000_000 }
    const { client, server } = await t.pair({ type: 'slicer', attributes })
    server.send('abc')
    await client.got(1)
    await staysAt(client, 1)
  })
  row('slicer/small', 'a chunk that is small enough is not cut', async (t) => {
    const { client, server } = await t.pair({
      type: 'slicer',
      attributes: { average_size: 100, delay: 60_000_000 },
    })
    server.send(Buffer.alloc(100))
    await client.got(100)
  })
  row('slicer/removed', 'removing `slicer` sends the rest in one piece', async (t) => {
    const { client, server, toxics } = await t.pair({
      type: 'slicer',
      attributes: { average_size: 1, delay: 60_000_000 },
    })
    server.send(Buffer.from('abcdefghijklmnopqrstuvwxyz'))
    await client.got(1)
    await t.api('DELETE', toxics[0] ?? '')
    expect((await client.got(26)).toString()).to.equal('abcdefghijklmnopqrstuvwxyz')
  })
  row('slicer/fin', 'the end arrives after the last piece', async (t) => {
    const { client, server } = await t.pair({ type: 'slicer', attributes: { average_size: 1, delay: 1000 } })
    server.send('abcdefgh')
    server.fin()
    expect(await client.ended).to.equal('fin')
    expect(client.text).to.equal('abcdefgh')
  })
})

contract('limit_data', { concurrent: true }, ({ row }) => {
  const limited = (t: Row, bytes: number, stream = 'downstream') =>
    t.pair({ type: 'limit_data', stream, attributes: { bytes } })
  row('limit-data/cut', '`limit_data` passes exactly `bytes` bytes, then sends FIN', async (t) => {
    const { client, server } = await limited(t, 100)
    server.send(Buffer.alloc(1000))
    expect(await client.ended).to.equal('fin')
    expect(client.length).to.equal(100)
  })
  row('limit-data/both', '`limit_data` closes both sides', async (t) => {
    const { server } = await limited(t, 100)
    server.send(Buffer.alloc(200))
    expect(await server.ended).to.be.oneOf(['fin', 'rst'])
  })
  row('limit-data/up', '`limit_data` limits data to the server too', async (t) => {
    const { client, server } = await limited(t, 100, 'upstream')
    client.send(Buffer.alloc(1000))
    expect(await server.ended).to.equal('fin')
    expect(server.length).to.equal(100)
  })
  row(
    'limit-data/exact',
    '`limit_data` closes when the count is reached, also at the end of a message',
    async (t) => {
      const { client, server } = await limited(t, 5)
      server.send('12345')
      expect(await client.ended).to.equal('fin')
      expect(client.text).to.equal('12345')
    },
  )
  row('limit-data/over-chunks', 'chunks are counted together', async (t) => {
    const { client, server } = await limited(t, 5)
    server.send('123')
    await client.got(3)
    expect(client.endedAt).to.equal(null)
    server.send('456')
    expect(await client.ended).to.equal('fin')
    expect(client.text).to.equal('12345')
  })
  row('limit-data/zero', 'with 0, the first chunk is dropped and closes the connection', async (t) => {
    const { client, server } = await limited(t, 0)
    await staysAt(client, 0, 30)
    expect(client.endedAt).to.equal(null)
    server.send('lost')
    expect(await client.ended).to.equal('fin')
    expect(client.length).to.equal(0)
  })
  row('limit-data/negative', 'a limit below 0 is 0', async (t) => {
    const { client, server } = await limited(t, -5)
    server.send('lost')
    expect(await client.ended).to.equal('fin')
    expect(client.length).to.equal(0)
  })
  row('limit-data/update', 'the count continues after an update', async (t) => {
    const { client, server, toxics } = await limited(t, 100)
    server.send('12345')
    await client.got(5)
    await t.api('PATCH', toxics[0] ?? '', { attributes: { bytes: 8 } })
    server.send('67890')
    expect(await client.ended).to.equal('fin')
    expect(client.text).to.equal('12345678')
  })
  row('limit-data/again', 'removed and added again, the count starts at 0', async (t) => {
    const { client, server, toxics, name } = await limited(t, 8)
    server.send('12345')
    await client.got(5)
    await t.api('DELETE', toxics[0] ?? '')
    await t.toxic(name, { type: 'limit_data', attributes: { bytes: 8 } })
    server.send('abcdefghij')
    expect(await client.ended).to.equal('fin')
    expect(client.text).to.equal('12345abcdefgh')
  })
  row('limit-data/each', 'each connection has its own count', async (t) => {
    const upstream = await t.upstream((wire) => wire.send('1234567890'))
    const { port, name } = await t.proxy(upstream.port)
    await t.toxic(name, { type: 'limit_data', attributes: { bytes: 4 } })
    for (let i = 0; i < 2; i++) {
      const client = await t.connect(port)
      expect(await client.ended).to.equal('fin')
      expect(client.text).to.equal('1234')
    }
  })
  row('limit-data/fin-first', 'an end before the limit ends the connection', async (t) => {
    const { client, server } = await limited(t, 100)
    server.send('bye')
    server.fin()
    expect(await client.ended).to.equal('fin')
    await until('all bytes have arrived', () => client.length === 3)
  })
})
