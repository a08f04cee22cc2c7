import { expect } from 'chai'
import { WebSocketServer } from 'ws'
import type { AddressInfo } from 'node:net'
import { startReference } from '#reference/start'
import type { Reference } from '#reference/start'
import { openEngine } from '#proxies/driver/open-engine'
import type { Engine } from '#proxies/types'
import { resumeServer } from '../resume/resume-server.ts'
import { plainTextOf, relayTo } from '../relay.ts'
import { Bench, caught, stream } from '../sse/sse-support.ts'

describe('conforming clients', () => {
  let engine: Engine
  let reference: Reference
  let bench: Bench
  before(async () => {
    engine = await openEngine({ choice: 'embedded', runId: 'clients-test' })
    reference = await startReference()
  })
  after(async () => {
    await engine.close()
    await reference.close()
  })
  beforeEach(() => (bench = new Bench()))
  afterEach(() => bench.close())

  async function echoServer(): Promise<{ url: URL; seen: string[] }> {
    const seen: string[] = []
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    server.on('connection', (socket, request) => {
      seen.push(`${request.headers.host} ${request.headers['authorization'] ?? ''}`)
      socket.send('hello')
      socket.on('message', (data, binary) => socket.send(data, { binary }))
    })
    await new Promise((resolve) => server.once('listening', resolve))
    bench.defer(() => {
      for (const client of server.clients) client.terminate()
      return new Promise((resolve) => server.close(resolve))
    })
    return { url: new URL(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/chat`), seen }
  }

  for (const client of ['ws', 'undiciWebSocket'] as const) {
    it(`${client} opens, echoes and closes, with the contract's headers`, async () => {
      const { url, seen } = await echoServer()
      const { clients } = bench.verbs(url, {
        endpoint: {
          headers: [['Authorization', 'Bearer x']],
          opening: [{ expect: 'hello' }, { send: 'hi' }],
        },
      })
      expect(await clients[client]({ echo: 'marco' })).to.deep.equal({
        opened: true,
        echoed: true,
        closeCode: 1000,
        error: null,
      })
      expect(seen).to.deep.equal([`${url.host} Bearer x`])
    })

    it(`${client} reports a refusal to the scheduler`, async () => {
      const busy = await bench.answering('HTTP/1.1 429 No\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n')
      const { clients } = bench.verbs(new URL(busy.href.replace('http', 'ws')))
      expect(await clients[client]({})).to.include({ opened: false, echoed: false })
      expect(bench.refused).to.deep.equal(['status-429'])
    })

    it(`${client} goes through a proxy, and checks the host name of the target`, async () => {
      const context = bench.context(reference.wss, {
        engine,
        endpoint: { tls: { ca: reference.ca, insecure: false } },
      })
      const proxy = await context.openProxy(reference.wss)
      const { clients } = bench.verbsOf(context)
      expect(await clients[client]({ via: context.through(proxy, []), echo: 'polo' })).to.include({
        opened: true,
        echoed: true,
      })
    })

    it(`${client} does not open a connection with an untrusted certificate`, async () => {
      const { clients } = bench.verbs(reference.wss)
      expect(await clients[client]()).to.include({ opened: false, echoed: false })
    })

    it(`${client} reports that a server does not speak WebSocket, or never answers`, async () => {
      const html = await bench.answering('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
      expect((await bench.verbs(wsOf(html)).clients[client]()).opened).to.equal(false)
      const mute = await bench.listen(() => undefined)
      expect((await bench.verbs(wsOf(mute), { timeScale: 0.05 }).clients[client]()).opened).to.equal(false)
    })
  }

  it('EventSource receives events of every type, and sends the first cursor', async () => {
    let asked = ''
    const url = await bench.listen((socket) => {
      socket.once('data', (bytes) => {
        asked = bytes.toString('latin1')
        socket.write(stream('id: 4\nevent: x\ndata: a\n\ndata: b\n\n'))
      })
    })
    const { clients } = bench.verbs(url, { endpoint: { headers: [['X-Key', 'k']] } })
    const { events, opens } = await clients.eventSource({
      lastEventId: '3',
      until: (seen) => seen.length === 2,
    })
    expect(events).to.deep.equal([
      { type: 'x', data: 'a', lastEventId: '4' },
      { type: 'message', data: 'b', lastEventId: '' },
    ])
    expect(opens).to.equal(1)
    expect(asked.toLowerCase()).to.include('last-event-id: 3\r\n').and.to.include('x-key: k\r\n')
  })

  it('EventSource reconnects by itself, and resumes', async () => {
    const { url, publish } = await resumeServer(bench)
    const context = bench.context(url, { publish, engine })
    const verbs = bench.verbsOf(context)
    const { events, opens } = await verbs.clients.eventSource({
      onOpen: () => verbs.publish({ data: 'one' }),
      whileLinkDown: () => verbs.publish({ data: 'two' }),
      onReconnect: () => verbs.publish({ data: 'three' }),
      until: (seen) => seen.length === 3,
    })
    expect([opens, events.map(({ data }) => data)]).to.deep.equal([2, ['one', 'two', 'three']])
    expect(context.evidence().faults.map(({ name }) => name)).to.deep.equal(['link-down'])
  })

  it('EventSource stays closed if the server refuses its reconnect', async () => {
    const { url, publish } = await resumeServer(bench, { statusOf: () => 503 })
    const verbs = bench.verbs(url, { publish, engine })
    const { opens } = await verbs.clients.eventSource({
      onOpen: () => verbs.publish({ data: 'one' }),
      whileLinkDown: () => Promise.resolve(),
      until: () => false,
    })
    expect(opens).to.equal(1)
  })

  for (const retry of ['0', '99999999999', '2147483648']) {
    it(`EventSource reconnects within the bounds of timers if retry is ${retry} ms`, async () => {
      const warnings: string[] = []
      const warned = ({ name }: Error): unknown => warnings.push(name)
      process.on('warning', warned)
      const before = globalThis.setTimeout
      bench.defer(() => process.off('warning', warned))
      const asked: number[] = []
      const url = await bench.listen((socket) => {
        socket.once('data', () => {
          asked.push(performance.now())
          socket.end(stream(`retry: ${retry}\n\ndata: a\n\n`))
        })
      })
      const { clients } = bench.verbs(url, { timeScale: 0.1 })
      await clients.eventSource({ until: (seen) => seen.length === 4 })
      expect(warnings).to.deep.equal([])
      if (retry === '0') {
        const pauses = asked.slice(1).map((ms, index) => ms - (asked[index] ?? 0))
        expect(Math.min(...pauses)).to.be.at.least(45)
      } else expect(asked).to.have.length(1)
      expect(globalThis.setTimeout).to.equal(before)
    })
  }

  for (const [name, half] of [
    ['in a line', 'data: half'],
    ['between two lines', 'data: half\n'],
    ['after CR', 'data: half\r'],
  ] as const) {
    it(`EventSource dispatches no event that is cut off ${name}`, async () => {
      let connections = 0
      const url = await bench.listen((socket) => {
        socket.once('data', () => {
          connections += 1
          if (connections === 1) socket.end(stream(`data: a\n\n${half}`))
          else socket.write(stream('data: b\n\n'))
        })
      })
      const { clients } = bench.verbs(url)
      const { events, opens } = await clients.eventSource({ until: (seen) => seen.length === 2 })
      expect([opens, events.map(({ data }) => data)]).to.deep.equal([2, ['a', 'b']])
    })
  }

  it('EventSource with a reconnection time of years is inconclusive, not refused', async () => {
    const { url, publish } = await resumeServer(bench, { opening: 'retry: 99999999999\n\n' })
    const verbs = bench.verbs(url, { publish, engine, timeScale: 0.1 })
    expect(
      await caught(
        verbs.clients.eventSource({
          onOpen: () => verbs.publish({ data: 'one' }),
          whileLinkDown: () => Promise.resolve(),
          until: () => false,
        }),
      ),
    ).to.deep.equal({
      name: 'Inconclusive',
      reason: 'out-of-time',
      message: 'out-of-time: the reconnection time that the server set is longer than this check may take',
    })
  })

  it('EventSource sends no credentials to a plain-text address that a secure one redirects to', async () => {
    await using redirecting = await startReference({ mutant: 'redirect-to-plain-text' })
    await using relay = await relayTo(redirecting.https)
    const url = new URL(`https://localhost:${relay.port}/events`)
    const { clients } = bench.verbs(url, {
      timeScale: 0.2,
      endpoint: {
        headers: [
          ['X-Api-Key', 'secret'],
          ['Cookie', 'sid=secret'],
        ],
        tls: { ca: redirecting.ca, insecure: false },
      },
    })
    await clients.eventSource({ until: () => false })
    const plain = plainTextOf([relay])
    expect(plain).to.have.length.at.least(1)
    expect(plain.filter((text) => text.includes('secret'))).to.deep.equal([])
  })

  it('EventSource runs over TLS through a proxy', async () => {
    const context = bench.context(reference.https, {
      engine,
      endpoint: { tls: { ca: reference.ca, insecure: false } },
      publish: {
        url: reference.publish,
        method: 'POST',
        headers: [],
        body: '{data}',
        fields: new Set(['data']),
      },
    })
    const proxy = await context.openProxy(reference.https)
    const verbs = bench.verbsOf(context)
    const { events } = await verbs.clients.eventSource({
      via: context.through(proxy, []),
      onOpen: () => verbs.publish({ data: 'over TLS' }),
      until: (seen) => seen.some(({ data }) => data === 'over TLS'),
    })
    expect(events.map(({ data }) => data)).to.include('over TLS')
  })

  it('EventSource over TLS reconnects after the proxy was down, and the log of the engine agrees', async () => {
    const context = bench.context(reference.https, {
      engine,
      endpoint: { tls: { ca: reference.ca, insecure: false } },
      publish: {
        url: reference.publish,
        method: 'POST',
        headers: [],
        body: '{data}',
        fields: new Set(['data']),
      },
    })
    const verbs = bench.verbsOf(context)
    const { opens } = await verbs.clients.eventSource({
      onOpen: () => verbs.publish({ data: 'before' }),
      whileLinkDown: () => Promise.resolve(),
      onReconnect: () => verbs.publish({ data: 'after' }),
      until: (seen) => seen.some(({ data }) => data === 'after'),
    })
    expect(opens).to.equal(2)
    const [fault] = context.evidence().faults
    expect(fault?.settings).to.deep.equal({ ms: 100 })
    expect(fault?.proof).to.equal(
      'the proxy ended the open connection and refused new ones for at least the duration of the fault, then accepted one again',
    )
    expect(fault?.log?.map(({ connection, hit, ending }) => ({ connection, hit, ending }))).to.deep.equal([
      { connection: 1, hit: null, ending: { by: 'proxy', how: 'down' } },
    ])
  })

  it('EventSource gives up if no event stream is served', async () => {
    const html = await bench.answering(
      'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n',
    )
    const { clients } = bench.verbs(html, { timeScale: 0.05 })
    expect(await clients.eventSource({ until: () => false })).to.deep.equal({ events: [], opens: 0 })
  })
})

function wsOf(url: URL): URL {
  return new URL(url.href.replace('http:', 'ws:'))
}
