import { randomBytes } from 'node:crypto'

import { expect } from 'chai'

import { quiet, sleep, until } from '../wire.ts'
import type { Wire } from '../wire.ts'
import { contract } from './contract.ts'
import type { Row } from './contract.ts'

/** Sends one byte and gives how long its way took, by one clock for both ends. */
async function passage(from: Wire, to: Wire): Promise<number> {
  const before = to.length
  const start = performance.now()
  from.send('x')
  await to.got(before + 1)
  return performance.now() - start
}

/** Whether each of so many connections, one after another, was struck by a toxic that lets nothing pass: `x`, else `-`. */
async function tosses(t: Row, port: number, count: number): Promise<string> {
  const heard: string[] = []
  for (let i = 0; i < count; i++) {
    const client = await t.connect(port)
    await Promise.race([client.got(5).catch(() => null), client.ended])
    heard.push(client.length === 5 ? '-' : 'x')
    client.socket.destroy()
  }
  return heard.join('')
}

const half = { type: 'limit_data', toxicity: 0.5, attributes: { bytes: 0 } }

/** Nothing came in this time. Only ever used to show that a delay or a drop is there, so a slow machine cannot break it. */
async function stays(wire: Wire, length: number, ms = 80): Promise<void> {
  await sleep(ms)
  expect(wire.length).to.equal(length)
}

contract('the bare link', { concurrent: true }, ({ row }) => {
  row('link/both-ways', 'bytes pass both ways unaltered', async (t) => {
    const { client, server } = await t.pair()
    const up = randomBytes(300_000)
    const down = randomBytes(300_000)
    client.send(up)
    server.send(down)
    expect((await server.got(up.length)).equals(up)).to.equal(true)
    expect((await client.got(down.length)).equals(down)).to.equal(true)
  })
  row('link/no-half-close', 'a client that sends FIN loses the answer: there is no half-close', async (t) => {
    const { client, server } = await t.pair()
    client.send('question')
    client.fin()
    await server.got(8)
    expect(await server.ended).to.equal('fin')
    expect(await client.ended).to.equal('fin')
    server.send('answer')
    await stays(client, 0, 50)
  })
  row('link/server-fin', 'the end of the server comes behind its last byte', async (t) => {
    const { client, server } = await t.pair()
    server.send('last words')
    server.fin()
    expect(await client.ended).to.equal('fin')
    expect(client.text).to.equal('last words')
  })
  row('link/client-rst', 'a reset by the client reaches the server as FIN', async (t) => {
    const { client, server } = await t.pair()
    client.send('x')
    await server.got(1)
    client.rst()
    expect(await server.ended).to.equal('fin')
  })
  row('link/server-rst', 'a reset by the server reaches the client as FIN', async (t) => {
    const { client, server } = await t.pair()
    server.send('x')
    await client.got(1)
    server.rst()
    expect(await client.ended).to.equal('fin')
  })
  row(
    'link/dial-failure',
    'an upstream that cannot be reached: the connection is made, then ended by FIN',
    async (t) => {
      const { port } = await t.proxy('127.0.0.1:1')
      const client = await t.connect(port)
      expect(await client.ended).to.equal('fin')
    },
  )
  row('link/bad-upstream', 'so is an upstream that is no address', async (t) => {
    const { port } = await t.proxy('no address')
    const client = await t.connect(port)
    expect(await client.ended).to.equal('fin')
  })
  row('link/accept-first', 'the client is accepted before the upstream is', async (t) => {
    const { port } = await t.proxy('127.0.0.1:1')
    expect((await t.connect(port)).socket.connecting).to.equal(false)
  })
  row('link/each-its-own', 'each client has an upstream connection of its own', async (t) => {
    const { upstream, port, server } = await t.pair()
    const second = await t.connect(port)
    const other = await upstream.next()
    second.send('two')
    await other.got(3)
    expect(server.length).to.equal(0)
  })
  row('link/back-pressure', 'a client that does not read holds the server up', async (t) => {
    const { client, server } = await t.pair()
    client.socket.pause()
    const size = await server.fill()
    client.socket.resume()
    await client.got(size)
  })
  row(
    'link/reset-unnoticed',
    'a client that resets while its link is stalled: the real server does not notice; here its upstream is ended',
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
  row('link/noop', 'noop passes everything', async (t) => {
    const { client, server } = await t.pair({ type: 'noop' }, { type: 'noop', stream: 'upstream' })
    client.send('up')
    server.send('down')
    await server.got(2)
    await client.got(4)
  })
  row('link/direction', 'a toxic acts on its own direction only', async (t) => {
    const { client, server } = await t.pair({
      type: 'timeout',
      stream: 'downstream',
      attributes: { timeout: 0 },
    })
    server.send('dropped')
    await passage(client, server)
    await stays(client, 0)
  })
  row('link/added-live', 'a toxic that is added acts on live connections', async (t) => {
    const { client, server, name } = await t.pair()
    await passage(server, client)
    await t.toxic(name, { type: 'latency', attributes: { latency: 120 } })
    expect(await passage(server, client)).to.be.at.least(119)
  })
  row('link/removed-live', 'one that is removed acts no more', async (t) => {
    const { client, server, toxics } = await t.pair({ type: 'latency', attributes: { latency: 60_000 } })
    await t.api('DELETE', toxics[0] ?? '')
    await passage(server, client)
  })
  row('link/chain-order', 'toxics act in the order of their creation', async (t) => {
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
  row('link/toxicity-0', 'a toxicity of 0 never strikes', async (t) => {
    const { client, server } = await t.pair({ type: 'timeout', toxicity: 0, attributes: { timeout: 0 } })
    await passage(server, client)
  })
  row('link/toxicity-half', 'a toxicity of one half strikes some connections', async (t) => {
    const upstream = await t.upstream((wire) => wire.send('hello'))
    const { port, name } = await t.proxy(upstream.port)
    await t.toxic(name, half)
    // Sixty tosses of a coin: outside these bounds once in ten million runs.
    expect((await tosses(t, port, 60)).replaceAll('x', '').length).to.be.within(10, 50)
  })
  row('link/toxicity-1', 'a toxicity of 1 strikes all', async (t) => {
    const upstream = await t.upstream((wire) => wire.send('hello'))
    const { port, name } = await t.proxy(upstream.port)
    await t.toxic(name, { ...half, toxicity: 1 })
    expect(await tosses(t, port, 20)).to.equal('x'.repeat(20))
  })
  row('link/toxicity-per-connection', 'it is drawn for the connection, not for each message', async (t) => {
    const { upstream, port, name } = await t.pair()
    await t.toxic(name, { type: 'timeout', toxicity: 0.5, attributes: { timeout: 0 } })
    const pairs: { readonly client: Wire; readonly server: Wire }[] = []
    for (let i = 0; i < 20; i++) pairs.push({ client: await t.connect(port), server: await upstream.next() })
    for (let message = 1; message <= 5; message++) {
      for (const { server } of pairs) server.send('x')
      // Of each connection all messages come, or none does.
      await quiet('all that comes has come', () => pairs.reduce((sum, { client }) => sum + client.length, 0))
      for (const { client } of pairs) expect(client.length).to.be.oneOf([0, message])
    }
  })
  row(
    'link/toxicity-redrawn',
    'any update of the toxic, even an empty one: the real server draws anew; drawn once here',
    async (t) => {
      const upstream = await t.echo()
      const { port, name } = await t.proxy(upstream.port)
      const path = await t.toxic(name, { type: 'timeout', toxicity: 0.5, attributes: { timeout: 0 } })
      const clients = await Promise.all(Array.from({ length: 40 }, () => t.connect(port)))
      await until('all have come through', () => upstream.open === 40)
      const heard = async (): Promise<string> => {
        const before = clients.map((client) => client.length)
        for (const client of clients) client.send('x')
        await quiet('all echoes have come', () => clients.reduce((sum, { length }) => sum + length, 0))
        return clients.map(({ length }, index) => (length > (before[index] ?? 0) ? '-' : 'x')).join('')
      }
      const first = await heard()
      await t.api('PATCH', path, {})
      if (t.kind === 'embedded') expect(await heard()).to.equal(first)
      else expect(await heard()).to.not.equal(first)
    },
  )
})

contract('latency', { concurrent: true }, ({ row }) => {
  row('latency/down', 'data from the server is late by at least the latency', async (t) => {
    const { client, server } = await t.pair({ type: 'latency', attributes: { latency: 100 } })
    expect(await passage(server, client)).to.be.at.least(99.5)
  })
  row('latency/up', 'so is data to it', async (t) => {
    const { client, server } = await t.pair({
      type: 'latency',
      stream: 'upstream',
      attributes: { latency: 100 },
    })
    expect(await passage(client, server)).to.be.at.least(99.5)
  })
  row('latency/pipelined', 'delays overlap: ten chunks take one latency, not ten', async (t) => {
    const { client, server } = await t.pair({ type: 'latency', attributes: { latency: 600 } })
    const start = performance.now()
    for (let i = 0; i < 10; i++) {
      server.send('x')
      await sleep(20)
    }
    await client.got(10)
    // One after another they would take six seconds.
    expect(performance.now() - start).to.be.within(599, 5900)
  })
  row('latency/order', 'order is kept', async (t) => {
    const { client, server } = await t.pair({ type: 'latency', attributes: { latency: 30, jitter: 30 } })
    for (let i = 0; i < 20; i++) {
      server.send(`${i},`)
      await sleep(3)
    }
    const all = Array.from({ length: 20 }, (_, i) => `${i},`).join('')
    expect((await client.got(all.length)).toString()).to.equal(all)
  })
  row('latency/jitter', 'jitter takes at most itself off the latency', async (t) => {
    const { client, server } = await t.pair({ type: 'latency', attributes: { latency: 60, jitter: 20 } })
    for (let i = 0; i < 5; i++) expect(await passage(server, client)).to.be.at.least(39.5)
  })
  row('latency/jitter-negative', 'jitter below 0 is none', async (t) => {
    const { client, server } = await t.pair({ type: 'latency', attributes: { latency: 0, jitter: -60_000 } })
    await passage(server, client)
  })
  row('latency/back-pressure', 'what it holds is bounded: then the sender is held up', async (t) => {
    const { client, server, toxics } = await t.pair({ type: 'latency', attributes: { latency: 600_000 } })
    const size = await server.fill()
    expect(client.length).to.equal(0)
    await t.api('DELETE', toxics[0] ?? '')
    await client.got(size)
  })
  row('latency/sum', 'two of them add up', async (t) => {
    const { client, server } = await t.pair(
      { type: 'latency', name: 'a', attributes: { latency: 80 } },
      { type: 'latency', name: 'b', attributes: { latency: 120 } },
    )
    expect(await passage(server, client)).to.be.at.least(199)
  })
  row('latency/negative', 'less than none is none', async (t) => {
    const { client, server } = await t.pair({ type: 'latency', attributes: { latency: -60_000 } })
    await passage(server, client)
  })
  row('latency/fin', 'FIN is not delayed when no data is before it', async (t) => {
    const { client, server } = await t.pair({ type: 'latency', attributes: { latency: 60_000 } })
    server.fin()
    expect(await client.ended).to.equal('fin')
  })
  row('latency/fin-behind-data', 'behind data it comes with the data', async (t) => {
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
  row('latency/removed', 'its removal releases what it held, in order', async (t) => {
    const { client, server, toxics } = await t.pair({ type: 'latency', attributes: { latency: 60_000 } })
    for (const letter of 'abc') {
      server.send(letter)
      await sleep(10)
    }
    await stays(client, 0, 30)
    await t.api('DELETE', toxics[0] ?? '')
    expect((await client.got(3)).toString()).to.equal('abc')
  })
  row(
    'latency/updated',
    'its update releases the first chunk at once, the others by the new latency',
    async (t) => {
      const { client, server, toxics } = await t.pair({ type: 'latency', attributes: { latency: 60_000 } })
      server.send('a')
      await sleep(50)
      const start = performance.now()
      server.send('b')
      await sleep(50)
      await t.api('PATCH', toxics[0] ?? '', { attributes: { latency: 2000 } })
      await client.got(1)
      expect(client.text).to.equal('a')
      await client.got(2)
      expect(performance.now() - start).to.be.at.least(1999)
    },
  )
})

contract('bandwidth', { concurrent: true }, ({ row }) => {
  row('bandwidth/rate', 'so many KB of 1000 bytes pass in a second', async (t) => {
    const { client, server } = await t.pair({ type: 'bandwidth', attributes: { rate: 100 } })
    const start = performance.now()
    server.send(Buffer.alloc(30_000))
    await client.got(30_000)
    expect(performance.now() - start).to.be.at.least(285)
  })
  row('bandwidth/slices', 'a long chunk passes in slices of 100 ms', async (t) => {
    const { client, server } = await t.pair({ type: 'bandwidth', attributes: { rate: 20 } })
    const start = performance.now()
    server.send(Buffer.alloc(30_000))
    await client.got(2000)
    expect(performance.now() - start).to.be.at.least(98)
    expect(client.length).to.be.lessThan(30_000)
    await client.got(30_000)
    expect(performance.now() - start).to.be.at.least(1450)
  })
  row('bandwidth/up', 'upwards as well', async (t) => {
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
  row('bandwidth/small', 'a small chunk waits for its own length', async (t) => {
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
    // Twenty of them one after another would take six seconds.
    expect(performance.now() - start).to.be.lessThan(5900)
  })
  row('bandwidth/zero', 'at rate 0 nothing passes', async (t) => {
    const { client, server } = await t.pair({ type: 'bandwidth', attributes: { rate: 0 } })
    server.send('x')
    await stays(client, 0, 250)
  })
  row('bandwidth/removed', 'its removal lets all that waits through', async (t) => {
    const { client, server, toxics } = await t.pair({ type: 'bandwidth', attributes: { rate: 1 } })
    server.send(Buffer.alloc(20_000))
    await client.got(1)
    await t.api('DELETE', toxics[0] ?? '')
    await client.got(20_000)
  })
  row('bandwidth/fin', 'the end comes behind the bytes', async (t) => {
    const { client, server } = await t.pair({ type: 'bandwidth', attributes: { rate: 50 } })
    server.send(Buffer.alloc(10_000))
    server.fin()
    expect(await client.ended).to.equal('fin')
    expect(client.length).to.equal(10_000)
  })
})

contract('slow_close', { concurrent: true }, ({ row }) => {
  row('slow-close/down', 'the client sees the end of the server late, the data in time', async (t) => {
    const { client, server } = await t.pair({ type: 'slow_close', attributes: { delay: 1500 } })
    const start = performance.now()
    server.send('bye')
    server.fin()
    await client.got(3)
    expect(client.endedAt).to.equal(null)
    expect(await client.ended).to.equal('fin')
    expect(performance.now() - start).to.be.at.least(1499)
  })
  row('slow-close/up', 'the server sees the end of the client late', async (t) => {
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
  row('slow-close/own-side', 'downstream, a client that closes sees its own end late', async (t) => {
    const { client, server } = await t.pair({ type: 'slow_close', attributes: { delay: 200 } })
    const start = performance.now()
    client.fin()
    expect(await server.ended).to.equal('fin')
    expect(await client.ended).to.equal('fin')
    expect(performance.now() - start).to.be.at.least(199)
  })
  row('slow-close/removed', 'its removal during the delay closes at once', async (t) => {
    const { client, server, toxics } = await t.pair({ type: 'slow_close', attributes: { delay: 60_000 } })
    server.fin()
    await stays(client, 0)
    await t.api('DELETE', toxics[0] ?? '')
    expect(await client.ended).to.equal('fin')
  })
})

contract('timeout', { concurrent: true }, ({ row }) => {
  row('timeout/drops', 'all data of its direction is dropped', async (t) => {
    const { client, server } = await t.pair({ type: 'timeout', attributes: { timeout: 0 } })
    server.send('lost')
    await stays(client, 0)
    expect(client.endedAt).to.equal(null)
  })
  row('timeout/closes', 'without data both sides get FIN after the time', async (t) => {
    const start = performance.now()
    const { client, server } = await t.pair({ type: 'timeout', attributes: { timeout: 200 } })
    expect(await Promise.all([client.ended, server.ended])).to.deep.equal(['fin', 'fin'])
    expect(performance.now() - start).to.be.at.least(199)
  })
  row('timeout/restarts', 'each chunk that is dropped starts the time anew', async (t) => {
    // Far apart from each other, so that no busy machine is late for the next chunk.
    const { client, server } = await t.pair({ type: 'timeout', attributes: { timeout: 2000 } })
    let last = 0
    for (let i = 0; i < 3; i++) {
      await sleep(100)
      last = performance.now()
      server.send('x')
    }
    expect(await client.ended).to.equal('fin')
    expect(performance.now() - last).to.be.at.least(1999)
    expect(client.length).to.equal(0)
  })
  row('timeout/updated', 'so does any update, even an empty one', async (t) => {
    const { client, server, toxics } = await t.pair({ type: 'timeout', attributes: { timeout: 2000 } })
    await passage(client, server)
    await sleep(300)
    const start = performance.now()
    await t.api('PATCH', toxics[0] ?? '', {})
    expect(await client.ended).to.equal('fin')
    expect(performance.now() - start).to.be.at.least(1999)
  })
  row('timeout/own-direction', 'data of the other direction does not', async (t) => {
    const { client, server } = await t.pair({ type: 'timeout', attributes: { timeout: 250 } })
    const ticking = setInterval(() => client.send('x'), 20)
    t.defer(() => clearInterval(ticking))
    expect(await server.ended).to.equal('fin')
    clearInterval(ticking)
  })
  row('timeout/negative', 'less than 0 is 0: never closes', async (t) => {
    const { client, server } = await t.pair({ type: 'timeout', attributes: { timeout: -1 } })
    server.send('lost')
    await stays(client, 0)
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
  row('timeout/removed', 'its removal closes the connections that it ran on', async (t) => {
    const { client, server, toxics } = await t.pair({ type: 'timeout', attributes: { timeout: 0 } })
    // Bytes pass: the link is at work, not only accepted.
    await passage(client, server)
    await t.api('DELETE', toxics[0] ?? '')
    expect(await Promise.all([client.ended, server.ended])).to.deep.equal(['fin', 'fin'])
  })
})

contract('reset_peer', { concurrent: true }, ({ row }) => {
  row('reset-peer/client', 'the client is reset with the first data', async (t) => {
    const { client, server } = await t.pair({ type: 'reset_peer', attributes: { timeout: 0 } })
    server.send('lost')
    expect(await client.ended).to.equal('rst')
    expect(client.length).to.equal(0)
  })
  row('reset-peer/server', 'so is the server', async (t) => {
    const { server } = await t.pair({ type: 'reset_peer', attributes: { timeout: 0 } })
    server.send('lost')
    expect(await server.ended).to.equal('rst')
  })
  row('reset-peer/up', 'upstream, by the first data of the client', async (t) => {
    const { client, server } = await t.pair({
      type: 'reset_peer',
      stream: 'upstream',
      attributes: { timeout: 0 },
    })
    client.send('lost')
    expect(await Promise.all([client.ended, server.ended])).to.deep.equal(['rst', 'rst'])
    expect(server.length).to.equal(0)
  })
  row('reset-peer/silent', 'a connection without data stays', async (t) => {
    const { client } = await t.pair({ type: 'reset_peer', attributes: { timeout: 0 } })
    await stays(client, 0)
    expect(client.endedAt).to.equal(null)
  })
  row('reset-peer/timeout', 'the reset comes after its time', async (t) => {
    const { client, server } = await t.pair({ type: 'reset_peer', attributes: { timeout: 150 } })
    const start = performance.now()
    server.send('lost')
    expect(await client.ended).to.equal('rst')
    expect(performance.now() - start).to.be.at.least(149)
  })
  row('reset-peer/end', 'the end of the direction sets it off as well', async (t) => {
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
    'added to a live connection: the real server ends it by FIN; here it is RST all the same',
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
    'toxicity 0: the real server makes every close a reset; here nothing changes',
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
    'removed while it waits: the real server answers late and resets; here the data goes on',
    async (t) => {
      // The real server makes the call wait so long; here it could be for ever.
      const timeout = t.kind === 'embedded' ? 60_000 : 1500
      const { client, server, toxics } = await t.pair({ type: 'reset_peer', attributes: { timeout } })
      server.send('held')
      await stays(client, 0, 200)
      await t.api('DELETE', toxics[0] ?? '')
      if (t.kind === 'embedded') expect((await client.got(4)).toString()).to.equal('held')
      else expect(await client.ended).to.equal('rst')
    },
  )
})

contract('slicer', { concurrent: true }, ({ row }) => {
  row('slicer/bytes', 'the bytes stay the same', async (t) => {
    const { client, server } = await t.pair({
      type: 'slicer',
      attributes: { average_size: 100, size_variation: 20 },
    })
    const data = randomBytes(20_000)
    server.send(data)
    expect((await client.got(data.length)).equals(data)).to.equal(true)
  })
  row('slicer/sizes', 'a piece is as large as size and variation allow, and comes by itself', async (t) => {
    // The second piece would come in a minute.
    const attributes = { average_size: 100, size_variation: 20, delay: 60_000_000 }
    const { client, server, toxics } = await t.pair({ type: 'slicer', attributes })
    server.send(Buffer.alloc(10_000))
    await client.got(1)
    await stays(client, client.length)
    expect(client.length).to.be.within(30, 120)
    await t.api('DELETE', toxics[0] ?? '')
    await client.got(10_000)
  })
  row('slicer/delay', 'microseconds pass after each piece', async (t) => {
    const { client, server } = await t.pair({
      type: 'slicer',
      attributes: { average_size: 10, delay: 10_000 },
    })
    const start = performance.now()
    server.send(Buffer.alloc(160))
    await client.got(160)
    // Sixteen pieces, fifteen pauses.
    expect(performance.now() - start).to.be.at.least(149)
  })
  row('slicer/up', 'upwards as well', async (t) => {
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
    await stays(client, 1)
  })
  row('slicer/small', 'what is small enough is not cut', async (t) => {
    const { client, server } = await t.pair({
      type: 'slicer',
      attributes: { average_size: 100, delay: 60_000_000 },
    })
    server.send(Buffer.alloc(100))
    await client.got(100)
  })
  row('slicer/removed', 'its removal sends the rest whole', async (t) => {
    const { client, server, toxics } = await t.pair({
      type: 'slicer',
      attributes: { average_size: 1, delay: 60_000_000 },
    })
    server.send(Buffer.from('abcdefghijklmnopqrstuvwxyz'))
    await client.got(1)
    await t.api('DELETE', toxics[0] ?? '')
    expect((await client.got(26)).toString()).to.equal('abcdefghijklmnopqrstuvwxyz')
  })
  row('slicer/fin', 'the end comes behind the last piece', async (t) => {
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
  row('limit-data/cut', 'exactly so many bytes pass, then FIN', async (t) => {
    const { client, server } = await limited(t, 100)
    server.send(Buffer.alloc(1000))
    expect(await client.ended).to.equal('fin')
    expect(client.length).to.equal(100)
  })
  row('limit-data/both', 'both sides are closed', async (t) => {
    const { server } = await limited(t, 100)
    server.send(Buffer.alloc(200))
    expect(await server.ended).to.be.oneOf(['fin', 'rst'])
  })
  row('limit-data/up', 'upwards as well', async (t) => {
    const { client, server } = await limited(t, 100, 'upstream')
    client.send(Buffer.alloc(1000))
    expect(await server.ended).to.equal('fin')
    expect(server.length).to.equal(100)
  })
  row('limit-data/exact', 'the very last byte that passes closes', async (t) => {
    const { client, server } = await limited(t, 5)
    server.send('12345')
    expect(await client.ended).to.equal('fin')
    expect(client.text).to.equal('12345')
  })
  row('limit-data/over-chunks', 'chunks are counted together', async (t) => {
    const { client, server } = await limited(t, 5)
    server.send('123')
    await client.got(3)
    expect(client.endedAt).to.equal(null)
    server.send('456')
    expect(await client.ended).to.equal('fin')
    expect(client.text).to.equal('12345')
  })
  row('limit-data/zero', 'at 0 the first chunk is dropped and closes', async (t) => {
    const { client, server } = await limited(t, 0)
    await stays(client, 0, 30)
    expect(client.endedAt).to.equal(null)
    server.send('lost')
    expect(await client.ended).to.equal('fin')
    expect(client.length).to.equal(0)
  })
  row('limit-data/negative', 'below 0 as well', async (t) => {
    const { client, server } = await limited(t, -5)
    server.send('lost')
    expect(await client.ended).to.equal('fin')
    expect(client.length).to.equal(0)
  })
  row('limit-data/update', 'the count outlives an update', async (t) => {
    const { client, server, toxics } = await limited(t, 100)
    server.send('12345')
    await client.got(5)
    await t.api('PATCH', toxics[0] ?? '', { attributes: { bytes: 8 } })
    server.send('67890')
    expect(await client.ended).to.equal('fin')
    expect(client.text).to.equal('12345678')
  })
  row('limit-data/again', 'removed and added again, it counts from 0', async (t) => {
    const { client, server, toxics, name } = await limited(t, 8)
    server.send('12345')
    await client.got(5)
    await t.api('DELETE', toxics[0] ?? '')
    await t.toxic(name, { type: 'limit_data', attributes: { bytes: 8 } })
    server.send('abcdefghij')
    expect(await client.ended).to.equal('fin')
    expect(client.text).to.equal('12345abcdefgh')
  })
  row('limit-data/each', 'each connection counts for itself', async (t) => {
    const upstream = await t.upstream((wire) => wire.send('1234567890'))
    const { port, name } = await t.proxy(upstream.port)
    await t.toxic(name, { type: 'limit_data', attributes: { bytes: 4 } })
    for (let i = 0; i < 2; i++) {
      const client = await t.connect(port)
      expect(await client.ended).to.equal('fin')
      expect(client.text).to.equal('1234')
    }
  })
  row('limit-data/fin-first', 'an end before the limit is an end', async (t) => {
    const { client, server } = await limited(t, 100)
    server.send('bye')
    server.fin()
    expect(await client.ended).to.equal('fin')
    await until('all came', () => client.length === 3)
  })
})
