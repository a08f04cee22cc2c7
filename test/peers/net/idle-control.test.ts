import type net from 'node:net'
import { expect } from 'chai'
import type { Kit } from '#peers/kit'
import { Bench, caught, stream } from '../sse/sse-support.ts'
import { Stage, clientFrames, serverFrame, upgraded } from '../stage.ts'
import type { Act } from '../stage.ts'

/** Answers Pings; calls `each` for every connection once it is open, and for every data frame. */
const serving = (
  opened: (socket: net.Socket) => void,
  data: (socket: net.Socket) => void = () => undefined,
): Act =>
  upgraded((socket) => {
    opened(socket)
    return clientFrames((frame) => {
      if ((frame.first & 0x0f) === 9) socket.write(serverFrame(0x8a, frame.payload))
      else if ((frame.first & 0x0f) < 3) data(socket)
    })
  })

const goingAway = serverFrame(0x88, Buffer.from([0x03, 0xe9]))
const idle = { name: 'Inconclusive', reason: 'ended-idle' }

describe('the idle control of a WebSocket', () => {
  let stage: Stage
  beforeEach(() => (stage = new Stage()))
  afterEach(() => stage.close())

  /** Limits a tenth as long: 30 ms is what a policy takes at least. */
  const kitFor = async (act: Act): Promise<Kit> =>
    stage.session(await stage.serve(act), { timeScale: 0.1 }).kit
  const after = (ms: number, act: (socket: net.Socket) => void) => (socket: net.Socket) => {
    const timer = setTimeout(() => act(socket), ms)
    socket.on('close', () => clearTimeout(timer))
  }

  for (const [how, end] of [
    ['a Close frame', (socket: net.Socket) => void socket.end(goingAway)],
    ['FIN', (socket: net.Socket) => void socket.end()],
    ['RST', (socket: net.Socket) => void socket.resetAndDestroy()],
  ] as const) {
    it(`is inconclusive if the target also ends idle connections, by ${how}`, async () => {
      const ws = await (await kitFor(serving(after(60, end)))).connect()
      expect(await caught(ws.expectMessage('text', 'never'))).to.deep.include({
        ...idle,
        message: 'ended-idle: the target ends idle connections sooner than this exchange takes',
      })
    })
  }

  it('keeps the violation if an idle connection stays open', async () => {
    const slowly = serving(
      () => undefined,
      after(60, (socket) => void socket.end(goingAway)),
    )
    const ws = await (await kitFor(slowly)).connect()
    expect(await caught(ws.expectEcho('text', 'hello'))).to.deep.equal({
      name: 'Violation',
      expected: 'a text message with this payload of 5 bytes',
      actual: 'the target sent a Close frame with code 1001',
    })
  })

  it('keeps the violation if the target opens no other connection', async () => {
    let connections = 0
    const once = serving(after(60, (socket) => void socket.end()))
    const act: Act = (socket) => ((connections += 1), connections === 1 ? once(socket) : socket.end())
    const ws = await (await kitFor(act)).connect()
    expect(await caught(ws.expectPongOf('never'))).to.deep.include({ name: 'Violation' })
  })

  it('opens no control if the connection ended at once', async () => {
    let connections = 0
    const act = serving(
      () => (connections += 1),
      (socket) => void socket.end(goingAway),
    )
    const kit = stage.session(await stage.serve(act)).kit
    expect(await caught((await kit.connect()).expectEcho('text', 'hello'))).to.deep.include({
      name: 'Violation',
    })
    expect(connections).to.equal(1)
  })

  it('opens one control for many connections of a check', async () => {
    let connections = 0
    const act = serving(
      () => (connections += 1),
      after(60, (socket) => void socket.end()),
    )
    const kit = await kitFor(act)
    const sockets = await kit.inParallel(5, () => kit.connect())
    const failures = await Promise.all(sockets.map((ws) => caught(ws.expectEcho('text', 'hello'))))
    expect(failures.map(({ name }) => name)).to.deep.equal(Array.from({ length: 5 }, () => 'Violation'))
    expect(connections).to.be.within(6, 7)
  })

  it('runs the opening exchange of the contract before it leaves the control idle', async () => {
    const said: string[] = []
    const act = upgraded((socket) =>
      clientFrames((frame) => {
        if ((frame.first & 0x0f) === 9) socket.write(serverFrame(0x8a, frame.payload))
        else if ((frame.first & 0x0f) === 1) {
          said.push(frame.payload.toString())
          if (frame.payload.toString() === 'more') after(60, () => void socket.end())(socket)
        }
      }),
    )
    const opening = [{ send: 'hello' }] as const
    const { kit } = stage.session(await stage.serve(act), { timeScale: 0.1 }, { opening })
    const ws = await kit.connect()
    expect(await caught(ws.expectEcho('text', 'more'))).to.deep.include({ name: 'Violation' })
    expect(said).to.deep.equal(['hello', 'more', 'hello'])
  })

  it('opens no control under a fault that ends connections', async () => {
    let connections = 0
    const act = serving(
      () => (connections += 1),
      after(60, (socket) => void socket.end()),
    )
    const kit = await kitFor(act)
    const { hostname: host, port } = kit.websocket.url
    const ws = await kit.connect({ via: { kind: 'proxy', severs: true, host, port: Number(port) } })
    expect(await caught(ws.expectPongOf('never'))).to.deep.include({ name: 'Severed' })
    expect(connections).to.equal(1)
  })
})

describe('the idle control of an event stream', () => {
  let bench: Bench
  beforeEach(() => (bench = new Bench()))
  afterEach(() => bench.close())

  const endless = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n'
  const ending = (ms: number) => (socket: net.Socket) => {
    const timer = setTimeout(() => socket.end(), ms)
    socket.on('close', () => clearTimeout(timer))
  }

  it('is inconclusive if the target ends streams by itself', async () => {
    const url = await bench.listen((socket) => {
      socket.once('data', () => socket.write(endless))
      ending(60)(socket)
    })
    const verbs = bench.verbs(url, { timeScale: 0.1 })
    const one = await verbs.subscribe()
    expect(await caught(one.expectEvent('the event', () => false))).to.deep.include({
      ...idle,
      message: 'ended-idle: the target ends streams by itself sooner than this exchange takes',
    })
    expect(await caught((await verbs.subscribe()).expectEvents(1))).to.deep.include(idle)
    expect(await caught((await verbs.subscribe()).expectLine('a line', () => false))).to.deep.include(idle)
    expect(await caught((await verbs.subscribe()).expectGrowth('more', 0))).to.deep.include(idle)
  })

  it('is inconclusive if every stream ends after its last event', async () => {
    const url = await bench.listen((socket) => {
      socket.once('data', () => socket.end(stream('data: 1\n\n')))
    })
    const one = await bench.verbs(url, { timeScale: 0.1 }).subscribe()
    expect(await caught(one.expectEvents(2))).to.deep.include(idle)
  })

  it('keeps the violation if the stream ends by invalid framing', async () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'
    const one = await bench.verbs(await bench.answering(`${head}zz\r\n`), { timeScale: 0.1 }).subscribe()
    expect(await caught(one.expectEvents(1))).to.deep.include({ name: 'Violation' })
  })

  it('keeps the violation if another stream stays open', async () => {
    let connections = 0
    const url = await bench.listen((socket) => {
      connections += 1
      if (connections === 1) ending(60)(socket)
      socket.once('data', () => socket.write(endless))
    })
    const one = await bench.verbs(url, { timeScale: 0.1 }).subscribe()
    expect(await caught(one.expectEvent('the event', () => false))).to.deep.equal({
      name: 'Violation',
      expected: 'the event',
      actual: 'it did not arrive, and the target ended the stream by FIN',
    })
    expect(connections).to.equal(2)
  })
})
