import type net from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { WebSocketServer } from 'ws'
import { Inconclusive, Violation } from '#model/errors'
import type { Kit } from '#peers/kit'
import { Stage, clientFrames, echoing, ponging, serverFrame, upgraded } from '../stage.ts'
import type { Act } from '../stage.ts'
import { deflated } from '../../wire/websocket/deflated.ts'

describe('the WebSocket peer', () => {
  let stage: Stage
  beforeEach(() => (stage = new Stage()))
  afterEach(async () => {
    await stage.close()
    expect(stage.standing.size, 'connections that nobody ended').to.equal(0)
  })

  const kitFor = async (act: Act, timeScale = 1): Promise<Kit> =>
    stage.session(await stage.serve(act), { timeScale }).kit
  const violation = async (promise: Promise<unknown>): Promise<string> => {
    const error = await promise.then(
      () => null,
      (thrown: unknown) => thrown,
    )
    if (error instanceof Violation) return error.actual
    throw new Error(`no violation, but ${String(error)}`)
  }

  /** Acts on the first data frame by hand; answers Pings. */
  const onData = (act: (socket: net.Socket) => void): Act => ponging((socket) => act(socket))
  const close = (code: number): Buffer => serverFrame(0x88, Buffer.from([code >> 8, code & 255]))

  describe('connect', () => {
    it('opens with a valid handshake and proves the connection by a Ping', async () => {
      const ws = await (await kitFor(echoing)).connect()
      expect(ws.response.status).to.equal(101)
      expect(ws.frames).to.have.length(1)
      expect(ws.trace.openedAtServerToClientBytes).to.equal(ws.trace.serverToClientBytes)
    })

    it('fails on a server that never answers', async () => {
      const kit = await kitFor((socket) => void socket.resume(), 0.05)
      expect(await violation(kit.connect())).to.equal('no complete answer in time')
    })

    it('fails on a server that upgrades and then sends nothing', async () => {
      const kit = await kitFor(
        upgraded(() => () => undefined),
        0.05,
      )
      expect(await violation(kit.connect())).to.equal('nothing in time')
      expect((await kit.connect({ withoutPing: true })).frames).to.deep.equal([])
    })

    it('fails on a server that sends an incomplete frame, and records its bytes once', async () => {
      const garbage = Buffer.from('ffffffffffffffff00aa', 'hex')
      const url = await stage.serve(
        upgraded((socket) => {
          socket.write(garbage)
          return () => undefined
        }),
      )
      const session = stage.session(url, { timeScale: 0.05 })
      expect(await violation(session.kit.connect())).to.equal('only an incomplete frame')
      await session.close()
      const kept = session
        .evidence()
        .transcript.filter(({ from, kind }) => from === 'target' && kind === 'bytes')
      expect(kept.map(({ note, hex }) => [note, hex])).to.deep.equal([
        ['10 bytes of an incomplete frame', garbage.toString('hex')],
      ])
    })

    it('fails on a server that closes the connection, and reports it to the scheduler', async () => {
      const kit = await kitFor((socket) => void socket.end())
      expect(await violation(kit.connect())).to.equal(
        'the target ended the connection (TCP FIN, without a Close frame) before an answer',
      )
      expect(stage.refused).to.deep.equal(['econnreset'])
    })

    it('fails on another status, and names it', async () => {
      const kit = await kitFor(
        (socket) => void socket.write('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'),
      )
      expect(await violation(kit.connect())).to.equal('an answer with status 404')
    })

    it('fails on garbage and on a head of more than 64 KiB', async () => {
      expect(
        await violation((await kitFor((socket) => void socket.write('SSH-2.0\r\n'))).connect()),
      ).to.equal('bytes that are not an HTTP response')
      const endless = await kitFor(
        (socket) => void socket.write(`HTTP/1.1 101 OK\r\nX: ${'x'.repeat(70_000)}`),
      )
      expect(await violation(endless.connect())).to.equal('a head of more than 64 KiB')
    })

    for (const status of [429, 503] as const) {
      it(`is inconclusive on status ${status}, and reports it to the scheduler`, async () => {
        const kit = await kitFor((socket) => void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`))
        const error = await kit.connect().then(
          () => null,
          (thrown: unknown) => thrown,
        )
        expect(error).to.be.instanceOf(Inconclusive).with.property('reason', 'target-refused')
        expect(stage.refused[0]).to.equal(`status-${status}`)
      })
    }

    it('counts a refusal as a violation if the check judges refusals', async () => {
      const kit = await kitFor((socket) => void socket.end('HTTP/1.1 503 No\r\n\r\n'))
      expect(await violation(kit.connect({ judgesRefusal: true }))).to.equal(
        'the target answered a handshake with status 503',
      )
    })

    it('waits for the answer after an interim one', async () => {
      const kit = await kitFor((socket) => {
        socket.write('HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n')
        echoing(socket)
      })
      await kit.connect()
    })

    it('runs the opening exchange, and keeps its content out of the transcript', async () => {
      const url = await stage.serve(
        ponging((socket, { payload }) => socket.write(serverFrame(0x81, `welcome ${payload.toString()}`))),
      )
      const opening = [{ send: 'TOKEN-1' }, { expect: 'welcome TOKEN' }]
      const session = stage.session(url, {}, { opening })
      await session.kit.connect()
      const entries = session.evidence().transcript
      const shown = entries
        .map(({ hex }) => Buffer.from(hex?.replace('..', '') ?? '', 'hex').toString('latin1'))
        .join('')
      expect(shown).to.not.include('TOKEN')
      expect(entries.map(({ note }) => note)).to.include(
        'opening exchange of the contract (content not recorded)',
      )
    })

    it('sends the headers and subprotocols of the contract and of the check', async () => {
      let head = ''
      const url = await stage.serve((socket) => {
        socket.once('data', (bytes) => (head = bytes.toString()))
        echoing(socket)
      })
      const session = stage.session(
        url,
        {},
        { headers: [['X-Key', 'k']], subprotocols: ['a', 'b'], allowedOrigin: 'https://a.example' },
      )
      await session.kit.connect({
        extensions: 'permessage-deflate',
        headers: [['origin', 'https://b.example']],
      })
      expect(head.replace(/Key: .{24}/, 'Key: *').split('\r\n')).to.deep.equal([
        'GET / HTTP/1.1',
        `Host: ${url.host}`,
        'Upgrade: websocket',
        'Connection: Upgrade',
        'Sec-WebSocket-Key: *',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Protocol: a, b',
        'origin: https://b.example',
        'X-Key: k',
        'Sec-WebSocket-Extensions: permessage-deflate',
        '',
        '',
      ])
    })
  })

  describe('against a server that greets, pushes, pings and never echoes', () => {
    const pushing: Act = upgraded((socket) => {
      socket.write(serverFrame(0x81, 'hello there'))
      const timer = setInterval(
        () => socket.write(Buffer.concat([serverFrame(0x81, 'tick'), serverFrame(0x89, 'you?')])),
        5,
      )
      socket.once('close', () => clearInterval(timer))
      return clientFrames(({ first, payload }) => {
        if (first === 0x89 && payload.length > 125) socket.end(close(1002))
        else if (first === 0x89) socket.write(serverFrame(0x8a, payload))
        else if (first === 0x8a) socket.write(serverFrame(0x82, `pong ${payload.toString()}`))
        else if (first === 0x88) socket.end(serverFrame(0x88, payload))
      })
    })

    it('answers Pings, finds its own Pong, and closes', async () => {
      const ws = await (await kitFor(pushing)).connect()
      await ws.expectPong('mine')
      await ws.expectMessage('binary', 'pong you?')
      await ws.expectNone('Close frame', ({ opcode }) => opcode === 8)
      await ws.close()
      expect(ws.ending).to.deep.equal({ by: 'harness', how: 'close-frame', code: 1000 })
    })

    it('does not count a push as the processing of an invalid frame', async () => {
      const ws = await (await kitFor(pushing)).connect()
      ws.send({ opcode: 'ping', payload: new Uint8Array(126) })
      expect(await ws.expectFailed()).to.deep.equal({ by: 'target', how: 'close-frame', code: 1002 })
    })

    it('reports that an echo is missing', async () => {
      const ws = await (await kitFor(pushing, 0.1)).connect()
      expect(await violation(ws.expectEcho('text', 'mine'))).to.equal('only other messages')
    })
  })

  describe('expectFailed', () => {
    const judge = async (act: Act, timeScale = 1): Promise<unknown> => {
      const ws = await (await kitFor(act, timeScale)).connect()
      ws.sendMessage('text', 'offence')
      return ws.expectFailed().catch((error: unknown) => (error instanceof Violation ? error.actual : error))
    }

    it('accepts a Close frame with any code, a FIN, and a RST', async () => {
      expect(await judge(onData((socket) => socket.end(close(4321))))).to.deep.equal({
        by: 'target',
        how: 'close-frame',
        code: 4321,
      })
      expect(await judge(onData((socket) => socket.end(serverFrame(0x88, ''))))).to.deep.equal({
        by: 'target',
        how: 'close-frame',
        code: null,
      })
      expect(await judge(onData((socket) => socket.end()))).to.deep.equal({
        by: 'target',
        how: 'fin',
        code: null,
      })
      expect(await judge(onData((socket) => socket.resetAndDestroy()))).to.deep.equal({
        by: 'target',
        how: 'rst',
        code: null,
      })
    })

    it('accepts a RST immediately after the Close frame', async () => {
      const ending = await judge(
        onData((socket) => socket.write(close(1002), () => socket.resetAndDestroy())),
      )
      expect(ending).to.have.property('by', 'target')
    })

    it('fails if the connection stays open', async () => {
      expect(
        await judge(
          onData(() => undefined),
          0.05,
        ),
      ).to.equal('it stayed open')
    })

    it('fails if the payload is sent back, in any message, before the end', async () => {
      const back = 'the target processed the message: it sent the payload back'
      expect(await judge(echoing)).to.equal(back)
      expect(await judge(onData((socket) => socket.end(serverFrame(0x82, 'your offence!'))))).to.equal(back)
      expect(
        await judge(
          onData((socket) => socket.end(Buffer.concat([serverFrame(0x81, 'offence'), close(1002)]))),
        ),
      ).to.equal(back)
    })

    it('ignores other messages', async () => {
      const other = onData((socket) =>
        socket.end(Buffer.concat([serverFrame(0x81, 'something else'), close(1002)])),
      )
      expect(await judge(other)).to.have.property('code', 1002)
    })

    it('fails if a Ping sent since the last acknowledgement is answered', async () => {
      const ws = await (await kitFor(ponging())).connect()
      ws.send([
        { opcode: 'text', payload: 'x', rsv: 4 },
        { opcode: 'ping', payload: 'n' },
      ])
      expect(await violation(ws.expectFailed())).to.equal('the target answered the Ping with its Pong')
    })

    it('does not count answers to what was acknowledged before', async () => {
      const closing = onData((socket) => socket.end(close(1002)))
      const ws = await (await kitFor(closing)).connect()
      await ws.expectPong('before')
      ws.send({ opcode: 'text', payload: 'x' })
      await ws.expectFailed()
    })

    it('recognises frames in raw bytes', async () => {
      const ws = await (await kitFor(ponging())).connect()
      ws.sendBytes(Uint8Array.of(0x89, 0x81, 0, 0, 0, 0, 0x61), [1])
      expect(await violation(ws.expectFailed())).to.equal('the target answered the Ping with its Pong')
    })

    it('fails if the connection had ended before', async () => {
      const ws = await (await kitFor(onData((socket) => socket.end()))).connect()
      ws.sendMessage('text', 'first')
      await ws.expectEnd()
      ws.sendMessage('text', 'second')
      expect(await violation(ws.expectFailed())).to.match(/^the connection had ended before/)
    })

    it('survives a frame that declares 2^63 bytes', async () => {
      const hostile = onData((socket) => socket.write(Buffer.from('827f8000000000000000', 'hex')))
      expect(await judge(hostile, 0.05)).to.equal('the target declared a frame of more than 16 MiB')
    })
  })

  it('expectFailedWith requires the close code as well', async () => {
    const expectCode = async (act: Act): Promise<unknown> => {
      const ws = await (await kitFor(act)).connect()
      ws.sendMessage('text', 'offence')
      return ws
        .expectFailedWith(1002, 1007)
        .catch((error: unknown) => (error instanceof Violation ? error.actual : error))
    }
    expect(await expectCode(onData((socket) => socket.end(close(1007))))).to.have.property('code', 1007)
    expect(await expectCode(onData((socket) => socket.end(close(1000))))).to.equal(
      'the target sent a Close frame with code 1000',
    )
    expect(await expectCode(onData((socket) => socket.end()))).to.equal(
      'the target ended the connection (TCP FIN, without a Close frame)',
    )
  })

  it('waits for the echo with the right type and content', async () => {
    const ws = await (await kitFor(echoing)).connect()
    await ws.expectEcho('text', 'first')
    const message = await ws.expectEcho('binary', Uint8Array.of(0, 255))
    expect(message).to.deep.include({ type: 'binary', text: null, frames: 1 })
    await ws.expectEcho('text', '')
    expect(ws.trace.roundTrips).to.have.length(5)
  })

  it('accepts a Close with 1009 in place of an echo if the target may have a limit', async () => {
    await (await (await kitFor(echoing)).connect()).expectEchoOrLimit('binary', new Uint8Array(100))
    const answering = (code: number, timeScale = 1): Promise<Kit> =>
      kitFor(
        onData((socket) => socket.end(close(code))),
        timeScale,
      )
    await (await (await answering(1009)).connect()).expectEchoOrLimit('text', 'too big')
    const refused = await (await answering(1003, 0.1)).connect()
    expect(await violation(refused.expectEchoOrLimit('text', 'too big'))).to.equal(
      'the target sent a Close frame with code 1003',
    )
  })

  it('reports a payload of another type, and an altered one', async () => {
    const typed = await (
      await kitFor(
        ponging((socket, { payload }) => socket.write(serverFrame(0x82, payload))),
        0.1,
      )
    ).connect()
    expect(await violation(typed.expectEcho('text', 'abc'))).to.equal('the payload in a binary message')
    const altered = await (
      await kitFor(
        ponging((socket) => socket.write(serverFrame(0x81, 'ABC'))),
        0.1,
      )
    ).connect()
    expect(await violation(altered.expectEcho('text', 'abc'))).to.equal('only other messages')
  })

  it('does not count one echo twice', async () => {
    const once = ponging(
      (socket, { payload }) => payload.length > 0 && socket.write(serverFrame(0x81, payload)),
    )
    const ws = await (await kitFor(once, 0.1)).connect()
    await ws.expectEcho('text', 'abc')
    expect(await violation(ws.expectMessage('text', 'abc'))).to.equal('nothing in time')
  })

  it('assembles fragments with control frames between them', async () => {
    const fragmenting = onData((socket) =>
      socket.write(
        Buffer.concat([
          serverFrame(0x01, 'a'),
          serverFrame(0x89, 'p'),
          serverFrame(0x00, 'b'),
          serverFrame(0x80, 'c'),
        ]),
      ),
    )
    const ws = await (await kitFor(fragmenting)).connect()
    ws.sendMessage('text', 'go')
    expect(await ws.expectMessage('text', 'abc')).to.have.property('frames', 3)
  })

  it('gives the frames that passive rules are judged by', async () => {
    const odd = onData((socket) =>
      socket.write(Buffer.from('f181 00000000 61 8a7e0001 6e'.replaceAll(' ', ''), 'hex')),
    )
    const ws = await (await kitFor(odd)).connect()
    ws.sendMessage('text', 'go')
    await ws.expectPongOf('n')
    expect(
      ws.frames.slice(1).map(({ ms: _ms, payload, ...frame }) => ({ ...frame, payload: payload.length })),
    ).to.deep.equal([
      { opcode: 1, fin: true, rsv: 7, masked: true, lengthBits: 7, payload: 1 },
      { opcode: 10, fin: true, rsv: 0, masked: false, lengthBits: 16, payload: 1 },
    ])
  })

  it('gives the code and the reason of a Close frame, and answers it', async () => {
    const answers: string[] = []
    const closing = upgraded((socket) =>
      clientFrames(({ first, payload }) => {
        if (first === 0x89) socket.write(serverFrame(0x8a, payload))
        else if (first === 0x88) answers.push(payload.toString('hex'))
        else socket.write(serverFrame(0x88, Buffer.from('03e9627965', 'hex')))
        if (first === 0x88) socket.end()
      }),
    )
    const ws = await (await kitFor(closing)).connect()
    ws.sendMessage('text', 'go')
    expect(await ws.expectClose()).to.deep.equal({ code: 1001, reason: Uint8Array.from(Buffer.from('bye')) })
    expect(await ws.expectEnd()).to.deep.equal({ by: 'target', how: 'fin', code: 1001 })
    expect(answers).to.deep.equal(['03e9'])
    expect(ws.ending).to.deep.equal({ by: 'target', how: 'close-frame', code: 1001 })
  })

  it('fails if the Close frame is not answered, or TCP not ended', async () => {
    const deaf = await (await kitFor(ponging(), 0.05)).connect()
    expect(await violation(deaf.close())).to.equal('nothing in time')
    const staying = ponging(
      (socket, { first, payload }) => first === 0x88 && socket.write(serverFrame(0x88, payload)),
    )
    const open = await (await kitFor(staying, 0.05)).connect()
    open.sendClose()
    expect(await open.expectClose()).to.have.property('code', null)
    expect(await violation(open.expectEnd())).to.equal('the target sent a Close frame without a code')
  })

  it('answers a Ping only after the frame that a check has left unfinished', async () => {
    const heard: string[] = []
    const pinging = upgraded((socket) => {
      const read = clientFrames(({ first, payload }) => {
        heard.push(`${first.toString(16)} ${payload.toString()}`)
        if (first === 0x8a) socket.write(serverFrame(0x81, 'thanks'))
      })
      return (bytes) => {
        if (bytes[0] === 0x81)
          socket.write(Buffer.concat([serverFrame(0x89, 'you?'), serverFrame(0x81, 'asked')]))
        read(bytes)
      }
    })
    const ws = await (await kitFor(pinging)).connect({ withoutPing: true })
    ws.sendBytes(Uint8Array.of(0x81, 0x82, 0, 0, 0, 0, 0x61))
    await ws.expectMessage('text', 'asked')
    ws.sendBytes(Uint8Array.of(0x62))
    await ws.expectMessage('text', 'thanks')
    expect(heard).to.deep.equal(['81 ab', '8a you?'])
  })

  it('finds a forbidden frame by means of a Ping', async () => {
    const ws = await (await kitFor(onData((socket) => socket.write(serverFrame(0x81, 'late'))))).connect()
    await ws.expectNone('text', ({ opcode }) => opcode === 1)
    ws.sendMessage('text', 'go')
    expect(await violation(ws.expectNone('text', ({ opcode }) => opcode === 1))).to.equal('one was received')
  })

  it('exchanges compressed messages with ws', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: { threshold: 0 } })
    stage.defer(() => new Promise((resolve) => server.close(resolve)))
    server.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })))
    await new Promise((resolve) => server.once('listening', resolve))
    const session = stage.session(new URL(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`))
    const ws = await session.kit.connect({ extensions: 'permessage-deflate' })
    const texts = ['Hello', 'Hello again', 'Hello'.repeat(5000)]
    const messages = await deflated(texts.map((text) => Uint8Array.from(Buffer.from(text))))
    for (const [at, text] of texts.entries()) {
      ws.sendDeflated('text', messages[at] ?? new Uint8Array(0), 2)
      expect(await ws.expectMessage('text', text)).to.have.property('compressed', true)
    }
    await ws.close()
    await session.close()
  })

  it('leaves the same evidence of the same exchange, except times, keys and nonces', async () => {
    const url = await stage.serve(echoing)
    const evidence = async (): Promise<unknown> => {
      const session = stage.session(url)
      const { kit } = session
      const ws = await kit.connect()
      await ws.expectEcho('binary', kit.randomBytes(4))
      await ws.expectEcho('text', 'a')
      await ws.close()
      return session.evidence().transcript.map(({ from, kind, note }) => `${from} ${kind} ${note}`)
    }
    const first = await evidence()
    expect(first).to.deep.equal(await evidence())
    expect(first).to.deep.equal([
      'harness open TCP connection, direct',
      'harness head GET request to open a WebSocket',
      'target head status 101',
      'harness frame PING, 16 bytes',
      'target frame PONG, 16 bytes',
      'harness frame BINARY, 4 bytes',
      'target frame BINARY, 4 bytes',
      'harness frame TEXT, 1 byte',
      'target frame TEXT, 1 byte',
      'harness frame CLOSE, 2 bytes, code 1000',
      'target frame CLOSE, 2 bytes, code 1000',
      'target end TCP FIN',
    ])
  })
})
