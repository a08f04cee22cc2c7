import { expect } from 'chai'
import type { SessionContext } from '#peers/session/context'
import { Exchange } from '#peers/http/exchange'
import { handshakeOver } from '#peers/websocket/handshake'
import { Stage, accepting, clientFrames, endpointOf, serverFrame } from '../stage.ts'
import { MemoryStream } from './memory-stream.ts'

describe('a byte stream in memory', () => {
  let stage: Stage
  let context: SessionContext
  let client: MemoryStream
  let server: MemoryStream
  let received: string
  beforeEach(() => {
    stage = new Stage()
    context = stage.context(new URL('ws://host/chat'))
    ;[client, server] = MemoryStream.pair()
    received = ''
  })
  afterEach(() => stage.close())

  const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value, 'latin1'))

  /** Calls back once with the head of the request, then hands over what follows. */
  const serve = (onHead: (head: string) => void, onBytes: (bytes: Buffer) => void): void => {
    let isOpen = false
    server.read({
      data(bytes) {
        if (isOpen) {
          onBytes(Buffer.from(bytes))
          return
        }
        received += Buffer.from(bytes).toString('latin1')
        isOpen = received.includes('\r\n\r\n')
        if (isOpen) onHead(received)
      },
    })
  }

  it('carries a WebSocket: it opens, exchanges messages, answers a Ping and closes', async () => {
    const pongs: string[] = []
    serve(
      (head) => server.write(text(accepting(head))),
      clientFrames(({ first, payload }) => {
        if (first === 0x8a) pongs.push(payload.toString())
        else if (first === 0x88) {
          server.write(serverFrame(0x88, payload))
          server.finish()
        } else {
          server.write(serverFrame(0x89, 'are you there'))
          server.write(serverFrame(first, payload))
        }
      }),
    )
    const answer = await handshakeOver(context, client, null, {}, { hidesPayloads: false, isValid: true })
    const ws = await answer.expectAccepted()
    await ws.expectEcho('text', 'hello')
    await ws.close()
    expect(received).to.match(/^GET \/chat HTTP\/1\.1\r\nHost: host\r\n/)
    expect(pongs).to.deep.equal(['are you there'])
    expect(ws.ending).to.deep.equal({ by: 'harness', how: 'close-frame', code: 1000 })
    expect(ws.trace.clientToServerBytes).to.be.above(received.length)
  })

  it('carries a handshake that is reset, which is a refusal', async () => {
    serve(
      () => server.reset(),
      () => undefined,
    )
    const answer = await handshakeOver(context, client, null, {}, { hidesPayloads: false, isValid: false })
    answer.expectRefused()
    expect(answer.ending).to.deep.equal({ by: 'target', how: 'rst', code: null })
  })

  it('carries a request with method, headers and body, and its response', async () => {
    serve(
      () => server.write(text('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody')),
      () => undefined,
    )
    const body: Uint8Array[] = []
    const exchange = new Exchange(context, client, {
      endpoint: endpointOf(new URL('http://host/mcp')),
      url: new URL('http://host/mcp?x=1'),
      method: 'POST',
      version: '1.1',
      defaults: [['Accept', '*/*']],
      headers: [['Content-Type', 'application/json']],
      without: [],
      body: text('{"a":1}'),
      tls: null,
      onBody: (bytes) => void body.push(bytes),
    })
    expect((await exchange.headOrEnd(1000))?.status).to.equal(200)
    await client.watch.until(() => (exchange.over ? true : undefined), 1000)
    expect(Buffer.concat(body).toString()).to.equal('body')
    expect(received).to.equal(
      'POST /mcp?x=1 HTTP/1.1\r\nHost: host\r\nAccept: */*\r\nContent-Length: 7\r\n' +
        'Content-Type: application/json\r\n\r\n{"a":1}',
    )
  })

  it('gives a reader the bytes that arrived before it', async () => {
    server.write(text('HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n'))
    server.finish()
    await client.watch.until(() => client.remoteEnding ?? undefined, 1000)
    const exchange = new Exchange(context, client, {
      endpoint: endpointOf(new URL('http://host/')),
      url: new URL('http://host/'),
      method: 'GET',
      version: '1.1',
      defaults: [],
      headers: [],
      without: [],
      tls: null,
    })
    expect(exchange.head?.status).to.equal(408)
    expect(exchange.over).to.equal(true)
  })
})
