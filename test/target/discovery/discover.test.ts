import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { SetupError } from '#model/errors'
import { parseContract, registry, resolveTargets } from '#protocols/index'
import { discoverTargets } from '#target/discovery/discover'

const open: { close(): unknown }[] = []

async function listening(server: net.Server | Server): Promise<string> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', () => resolve()))
  open.push({
    close: () => {
      if ('closeAllConnections' in server) server.closeAllConnections()
      server.close()
    },
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

function web(listener: RequestListener): Promise<string> {
  return listening(createServer(listener))
}

/** Raw TCP: what to do with a connection. */
function raw(serve: (socket: net.Socket) => void): Promise<string> {
  const sockets = new Set<net.Socket>()
  open.push({ close: () => sockets.forEach((socket) => socket.destroy()) })
  return listening(
    net.createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      serve(socket)
    }),
  )
}

async function webSocket(
  serve: (ws: WebSocket, request: IncomingMessage) => void,
  options = {},
): Promise<string> {
  const http = createServer()
  const server = new WebSocketServer({ server: http, ...options })
  open.push({ close: () => server.clients.forEach((client) => client.terminate()) })
  server.on('connection', (ws, request) => {
    ws.on('error', () => undefined)
    serve(ws, request)
  })
  return listening(http)
}

interface Given {
  readonly contract: object
  readonly scale?: number
}

async function found({ contract, scale = 0.3 }: Given): Promise<Record<string, string>> {
  const parsed = parseContract(contract)
  const { targets } = await discoverTargets(
    registry,
    resolveTargets(parsed),
    {
      engine: null,
      seed: 1,
      timeScale: scale,
      redactor: { text: (value) => value, bytes: (value) => value },
    },
    { expects: parsed.expects ?? [] },
  )
  return Object.fromEntries(
    Object.entries(targets[0]?.capabilities ?? {}).map(([name, { state, evidence }]) => [
      name,
      `${state}: ${evidence}`,
    ]),
  )
}

/** How long the slowest answer took, as discovery reports it, in ms. */
async function slowest(contract: object): Promise<number> {
  const { slowestMs } = await discoverTargets(registry, resolveTargets(parseContract(contract)), {
    engine: null,
    seed: 1,
    timeScale: 0.5,
    redactor: { text: (value) => value, bytes: (value) => value },
  })
  return slowestMs
}

async function refused(contract: object): Promise<string> {
  try {
    await found({ contract, scale: 0.1 })
  } catch (error) {
    expect(error).to.be.instanceOf(SetupError)
    const { message } = error as Error
    expect(message).not.to.include('\n')
    return message.replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')
  }
  throw new Error('it was not refused')
}

afterEach(() => {
  for (const one of open.splice(0).toReversed()) one.close()
})

describe('discovery of a slow target', () => {
  // Timers may fire a little early.
  const lateMs = 300
  const least = 295

  it('times the opening of a WebSocket, and the echo', async () => {
    const late = await webSocket((ws) =>
      ws.on(
        'message',
        (data, isBinary) => void setTimeout(() => ws.send(data, { binary: isBinary }), lateMs),
      ),
    )
    expect(await slowest({ ws: `ws://${late}/` })).to.be.at.least(least)
    const lateToOpen = await webSocket(() => undefined, {
      verifyClient: (_: unknown, done: (accepted: boolean) => void) =>
        void setTimeout(() => done(true), lateMs),
    })
    expect(await slowest({ ws: `ws://${lateToOpen}/` })).to.be.at.least(least)
  })

  it('waits for echoes as long as the pace of the opening asks for', async () => {
    const late = await webSocket(
      (ws) =>
        ws.on(
          'message',
          (data, isBinary) => void setTimeout(() => ws.send(data, { binary: isBinary }), lateMs),
        ),
      {
        verifyClient: (_: unknown, done: (accepted: boolean) => void) =>
          void setTimeout(() => done(true), lateMs / 2),
      },
    )
    // A tenth of the usual limit of two seconds would not be enough.
    const { 'ws.echo': echo } = await found({ contract: { ws: `ws://${late}/` }, scale: 0.1 })
    expect(echo).to.match(/^present: /)
  })

  it('times the opening of an event stream', async () => {
    const http = createServer((_request, response) => {
      const head = { 'Content-Type': 'text/event-stream' }
      setTimeout(() => response.writeHead(200, head).flushHeaders(), lateMs)
    })
    expect(await slowest({ sse: `http://${await listening(http)}/` })).to.be.at.least(least)
  })
})

describe('discovery of a WebSocket server', () => {
  it('proves an echo by nonces, and compression by an offer and a control', async () => {
    const host = await webSocket(
      (ws) => ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary })),
      { perMessageDeflate: { threshold: 0 } },
    )
    expect(await found({ contract: { ws: `ws://${host}/` } })).to.include({
      'ws.echo': 'present: a text message came back unchanged',
      'ws.echo.binary': 'present: a binary message came back unchanged',
      'ws.deflate': 'present: permessage-deflate was accepted when offered, and not when not',
      'ws.subprotocol': 'absent: no subprotocol is given: --subprotocol NAME',
      'ws.denied-origin': 'absent: no origin to refuse is given: --denied-origin URL',
      'ws.tls': 'absent: no secure address is known: give a wss: URL, or secureUrl.ws in the config file',
      ipv6: 'absent: the URL names an IPv4 address; give the host by its name',
    })
  })

  it('finds no echo in a server that greets and pushes', async () => {
    const host = await webSocket((ws) => {
      ws.send('welcome')
      const timer = setInterval(() => ws.send('tick'), 10)
      ws.on('close', () => clearInterval(timer))
    })
    expect(await found({ contract: { ws: `ws://${host}/` } })).to.include({
      'ws.echo':
        'absent: a text message does not come back: point the URL at an echo service to check the content of messages',
      'ws.deflate': 'absent: permessage-deflate was offered and not accepted: switch it on in the server',
    })
  })

  const answers: readonly (readonly [
    what: string,
    serve: (ws: WebSocket, data: Buffer, isBinary: boolean) => void,
    text: string,
    binary: string,
  ])[] = [
    [
      'an answer around what was sent',
      (ws, data, isBinary) => ws.send(isBinary ? data : `you said: ${data.toString()}`),
      'absent: a text message came back inside an answer: the server answers in its own way and does not echo',
      'present: a binary message came back unchanged',
    ],
    [
      'an answer after what was sent',
      (ws, data, isBinary) => ws.send(Buffer.concat([data, Buffer.from('/answer')]), { binary: isBinary }),
      'absent: a text message came back inside an answer: the server answers in its own way and does not echo',
      'absent: a binary message came back inside an answer: the server answers in its own way and does not echo',
    ],
    [
      'an answer as JSON, in ASCII',
      (ws, data) =>
        ws.send(
          JSON.stringify({ got: data.toString('latin1') }).replaceAll(
            /[\x80-\uffff]/g,
            (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
          ),
        ),
      'absent: a text message came back inside an answer: the server answers in its own way and does not echo',
      'absent: a binary message came back inside an answer: the server answers in its own way and does not echo',
    ],
    [
      'text and binary that are decoded as Latin-1 on their way',
      (ws, data, isBinary) => ws.send(Buffer.from(data.toString('latin1'), 'utf8'), { binary: isBinary }),
      'broken: a text message came back altered',
      'broken: a binary message came back altered',
    ],
    [
      'a binary that is taken for UTF-8',
      (ws, data) => ws.send(data.toString()),
      'present: a text message came back unchanged',
      'broken: a binary message came back altered',
    ],
    [
      'a text whose characters beyond ASCII are lost',
      (ws, data, isBinary) =>
        ws.send(isBinary ? data : data.toString('latin1').replaceAll(/[^\x20-\x7e]/g, '?')),
      'broken: a text message came back altered',
      'present: a binary message came back unchanged',
    ],
    [
      'an echo that makes all messages binary',
      (ws, data) => ws.send(data, { binary: true }),
      'absent: a text message came back as a binary one: let the echo keep the type of each message',
      'present: a binary message came back unchanged',
    ],
    [
      'texts that come back alone',
      (ws, data, isBinary) => void (isBinary || ws.send(data.toString())),
      'present: a text message came back unchanged',
      'absent: a binary message does not come back: point the URL at an echo service to check the content of messages',
    ],
    [
      'texts that come back, and binary that is refused with 1003',
      (ws, data, isBinary) => (isBinary ? ws.close(1003) : ws.send(data.toString())),
      'present: a text message came back unchanged',
      'absent: the server ends the connection on a binary message',
    ],
    [
      'an end of the connection',
      (ws) => ws.close(1008),
      'absent: the server ends the connection on a message that it does not know; an opening exchange may be missing (opening in the config file)',
      'absent: the server ends the connection on a message that it does not know; an opening exchange may be missing (opening in the config file)',
    ],
  ]
  for (const [what, serve, text, binary] of answers) {
    it(`recognises ${what}`, async () => {
      const host = await webSocket((ws) =>
        ws.on('message', (data, isBinary) => serve(ws, data as Buffer, isBinary)),
      )
      expect(await found({ contract: { ws: `ws://${host}/` } })).to.include({
        'ws.echo': text,
        'ws.echo.binary': binary,
      })
    })
  }

  it('calls what the contract declares and it cannot prove broken', async () => {
    const host = await webSocket(() => undefined)
    expect(
      (await found({ contract: { ws: `ws://${host}/`, expects: ['ws.deflate'] } }))['ws.deflate'],
    ).to.equal(
      'broken: declared by the contract, but not found: permessage-deflate was offered and not accepted: switch it on in the server',
    )
  })
})

describe('discovery of an event stream', () => {
  it('finds heartbeats, shared ids and an endless stream without publishing', async () => {
    let id = 0
    const streams = new Set<ServerResponse>()
    const timer = setInterval(() => {
      id += 1
      for (const stream of streams) stream.write(`id: ${id}\ndata: tick ${id}\n\n`)
    }, 200)
    open.push({ close: () => clearInterval(timer) })
    const host = await web((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      streams.add(response)
    })
    expect(await found({ contract: { sse: `http://${host}/` } })).to.include({
      'sse.publish': 'absent: no way to publish an event is given: --publish-url URL',
      'sse.events': 'present: events arrive by themselves',
      'sse.ids': 'present: every event has an id',
      'sse.shared-ids': 'present: two connections see the same event under the same id',
      'sse.resume': 'absent: a connection that names a known Last-Event-ID gets none of the events after it',
      'sse.heartbeat': 'present: events are sent by themselves',
      'sse.endless': 'present: streams stay open through the discovery window',
    })
  })

  it('recognises ids that each connection counts on its own', async () => {
    const host = await web((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const own = Math.random().toString(36).slice(2)
      for (const data of ['a', 'b']) response.write(`id: ${own}-${data}\ndata: ${data}\n\n`)
    })
    const capabilities = await found({ contract: { sse: `http://${host}/` } })
    expect(capabilities['sse.shared-ids']).to.equal(
      'absent: two connections see the same event under different ids',
    )
  })

  it('does not take numbers that every connection begins anew for shared ones', async () => {
    const host = await web((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      let count = 0
      const timer = setInterval(() => {
        count += 1
        response.write(`id: ${count}\ndata: tick ${count}\n\n`)
      }, 100)
      response.on('close', () => clearInterval(timer))
    })
    expect((await found({ contract: { sse: `http://${host}/` } }))['sse.shared-ids']).to.equal(
      'absent: each connection gets the same events with the same ids, counted from when it was opened',
    )
  })

  it('does not take a history that everybody gets for a resume', async () => {
    const host = await web((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (const id of [1, 2, 3]) response.write(`id: ${id}\ndata: ${id}\n\n`)
    })
    const capabilities = await found({ contract: { sse: `http://${host}/` } })
    expect(capabilities['sse.resume']).to.equal(
      'absent: a connection without Last-Event-ID gets the same past events as one with it',
    )
    expect(capabilities['sse.heartbeat']).to.equal(
      'absent: nothing is sent on an idle stream within the discovery window',
    )
    // No check may wait for an event: what comes with the opening does not come again.
    expect(capabilities['sse.events']).to.match(/^absent: events arrive when a stream opens, and none later/)
  })

  it('recognises a stream that the server ends on its own', async () => {
    const host = await web((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: all\n\n')
    })
    const capabilities = await found({ contract: { sse: `http://${host}/` } })
    expect(capabilities['sse.endless']).to.equal(
      'absent: a stream ended by itself within the discovery window',
    )
    expect(capabilities['sse.ids']).to.equal('absent: events arrive without an id')
  })

  it('distinguishes data that arrive unchanged from data inside another text', async () => {
    const wrapping = async (wrap: (data: string) => string) => {
      const streams = new Set<ServerResponse>()
      const host = await web((request, response) => {
        if (request.method === 'POST') {
          void text(request).then((data) => {
            for (const stream of streams) stream.write(`data: ${wrap(data)}\n\n`)
            response.writeHead(204).end()
          })
          return
        }
        response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
        streams.add(response)
      })
      const capabilities = await found({
        contract: { sse: `http://${host}/`, publish: { url: `http://${host}/publish` } },
      })
      return [capabilities['sse.publish'], capabilities['sse.publish.verbatim']]
    }
    const arrived = 'present: a published event arrived on an open stream'
    expect(await wrapping((data) => data)).to.deep.equal([
      arrived,
      'present: a published event arrived with just the data that was published',
    ])
    expect(await wrapping((data) => JSON.stringify({ data }))).to.deep.equal([
      arrived,
      'absent: a published event arrived with more around its data, or with them encoded anew',
    ])
  })

  it('does not take its own publications for a heartbeat, though they arrive inside JSON', async () => {
    const streams = new Set<ServerResponse>()
    let count = 0
    const host = await web((request, response) => {
      if (request.method === 'POST') {
        void text(request).then((data) => {
          const event = `id: ${(count += 1)}\ndata: ${JSON.stringify({ data })}\n\n`
          for (const stream of streams) stream.write(event)
          response.writeHead(204).end()
        })
        return
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      streams.add(response)
    })
    const findings = await found({
      contract: { sse: `http://${host}/`, publish: { url: `http://${host}/publish` } },
    })
    expect(count).to.be.above(2)
    expect(findings['sse.heartbeat']).to.equal(
      'absent: nothing is sent on an idle stream within the discovery window',
    )
  })

  it('recognises a publisher that rejects, or whose events do not arrive', async () => {
    const host = await web((request, response) => {
      if (request.method === 'POST') response.writeHead(request.url === '/lost' ? 202 : 403).end()
      else response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    })
    const publishing = (path: string) =>
      found({ contract: { sse: `http://${host}/`, publish: { url: `http://${host}${path}` } } })
    expect((await publishing('/refused'))['sse.publish']).to.equal(
      'broken: publish-failed: the publisher answered 403',
    )
    expect((await publishing('/lost'))['sse.publish']).to.equal(
      'broken: the published event did not arrive on an open stream',
    )
  })
})

describe('a target that does not open is reported in one line', () => {
  const answers =
    (status: number, headers: Record<string, string> = {}, body = ''): RequestListener =>
    (_request, response) =>
      void response.writeHead(status, headers).end(body)
  const listeners: readonly (readonly [string, RequestListener, string, string])[] = [
    [
      '404',
      answers(404),
      'answers 404: there is no such page; check the path of the URL',
      'answers 404: there is no such page; check the path of the URL',
    ],
    [
      '401',
      answers(401),
      "answers 401: it requires credentials; give them with --header 'Authorization: ...'",
      "answers 401: it requires credentials; give them with --header 'Authorization: ...'",
    ],
    [
      '500',
      answers(500),
      'answers 500 to a WebSocket handshake; check the path of the URL, and the log of the server',
      'answers 500 to a request for an event stream; check the path of the URL, and the log of the server',
    ],
    [
      '503',
      answers(503),
      'accepts no further connection (429 or 503); try again later',
      'accepts no further connection (429 or 503); try again later',
    ],
    [
      'an HTML page',
      answers(200, { 'content-type': 'text/html; charset=utf-8' }, '<html>'),
      'answers a WebSocket handshake with an HTML page; check the path of the URL',
      'answers a request for an event stream with an HTML page; check the path of the URL',
    ],
    [
      'JSON',
      answers(200, { 'content-type': 'application/json' }, '{}'),
      'answers a WebSocket handshake with Content-Type application/json; check the path of the URL',
      'answers a request for an event stream with Content-Type application/json; check the path of the URL',
    ],
    [
      'a redirect',
      answers(302, { location: '/login?token=x' }),
      'redirects (302) to /login; WebSocket clients do not follow: give the URL that it redirects to',
      'redirects (302) to /login; credentials are not carried elsewhere: give the URL that it redirects to',
    ],
  ]
  for (const [what, listener, ofWebSocket, ofStream] of listeners) {
    it(what, async () => {
      const host = await web(listener)
      expect(await refused({ ws: `ws://${host}/` })).to.equal(`ws://HOST/ ${ofWebSocket}`)
      expect(await refused({ sse: `http://${host}/` })).to.equal(`http://HOST/ ${ofStream}`)
    })
  }

  it('a server of the other protocol', async () => {
    const stream = await web(answers(200, { 'content-type': 'text/event-stream' }))
    expect(await refused({ ws: `ws://${stream}/` })).to.equal(
      'ws://HOST/ is an event stream, not a WebSocket: give it as http: or https:',
    )
    const socket = await webSocket(() => undefined)
    expect(await refused({ sse: `http://${socket}/` })).to.equal(
      'http://HOST/ is a WebSocket, not an event stream: give it as ws: or wss:',
    )
  })

  it('nobody listens', async () => {
    const host = await raw(() => undefined)
    open.pop()?.close()
    await new Promise((resolve) => setImmediate(resolve))
    expect(await refused({ ws: `ws://${host}/` })).to.equal(
      'ws://HOST/ refuses connections: nothing listens on that port; start the server, or check the port',
    )
  })

  it('a name that does not resolve', async () => {
    expect(await refused({ sse: 'http://streamproof.invalid/' })).to.match(
      /^http:\/\/streamproof\.invalid\/ cannot be found: the name streamproof\.invalid does not resolve \(E\w+\); check the host of the URL$/,
    )
  })

  it('silence', async () => {
    const host = await raw(() => undefined)
    const line =
      'accepts connections, but did not answer in time; check the port and the server, or allow more time with --timeout-scale'
    expect(await refused({ ws: `ws://${host}/` })).to.equal(`ws://HOST/: ${line}`)
    expect(await refused({ sse: `http://${host}/` })).to.equal(`http://HOST/: ${line}`)
  })

  it('an end before an answer', async () => {
    const host = await raw((socket) => socket.end())
    expect(await refused({ ws: `ws://${host}/` })).to.match(
      /^ws:\/\/HOST\/: closes the connection before it answers /,
    )
    expect(await refused({ sse: `http://${host}/` })).to.match(
      /^http:\/\/HOST\/: closes the connection before it answers /,
    )
  })

  it('a header without an end', async () => {
    const host = await raw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nX: ')
      const timer = setInterval(() => socket.write('a'.repeat(65_536)), 1)
      socket.on('close', () => clearInterval(timer))
    })
    expect(await refused({ ws: `ws://${host}/` })).to.match(
      /^ws:\/\/HOST\/: does not answer as an HTTP server: /,
    )
    expect(await refused({ sse: `http://${host}/` })).to.match(
      /^http:\/\/HOST\/: does not answer as an HTTP server: /,
    )
  })

  it('TLS where plain text is spoken', async () => {
    const host = await web(answers(200))
    expect(await refused({ ws: `wss://${host}/` })).to.match(
      /^wss:\/\/HOST\/: TLS fails \(\w+\): the port may speak plain text; try ws:$/,
    )
    expect(await refused({ sse: `https://${host}/` })).to.match(
      /^https:\/\/HOST\/: TLS fails \(\w+\): the port may speak plain text; try http:$/,
    )
  })
})

describe('discovery: a target that accepts two connections', () => {
  it('finds the same capabilities of a WebSocket as with more connections', async () => {
    let open = 0
    const host = await webSocket(
      (ws) => {
        open += 1
        ws.on('close', () => (open -= 1))
        if (open > 2) throw new Error('one too many was let in')
        ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }))
      },
      {
        perMessageDeflate: true,
        verifyClient: (_: unknown, answer: (ok: boolean, status: number) => void) => answer(open < 2, 503),
      },
    )
    const findings = await found({ contract: { ws: `ws://${host}/` } })
    expect(findings['ws.echo']).to.equal('present: a text message came back unchanged')
    expect(findings['ws.deflate']).to.match(/^present: /)
  })

  it('finds the same capabilities of an event stream as with more connections', async () => {
    const log: string[] = []
    const streams = new Set<ServerResponse>()
    const clock = setInterval(() => {
      const event = `id: ${log.length}\ndata: ${log.length}\n\n`
      log.push(event)
      for (const stream of streams) stream.write(event)
    }, 50)
    open.push({ close: () => clearInterval(clock) })
    const host = await web((request, response) => {
      if (streams.size >= 2) return void response.writeHead(503).end()
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders()
      const last = request.headers['last-event-id']
      if (last !== undefined) for (const event of log.slice(Number(last) + 1)) response.write(event)
      streams.add(response)
      response.on('close', () => streams.delete(response))
    })
    const findings = await found({ contract: { sse: `http://${host}/` } })
    expect(findings['sse.ids']).to.equal('present: every event has an id')
    expect(findings['sse.heartbeat']).to.equal('present: events are sent by themselves')
    expect(findings['sse.endless']).to.match(/^present: /)
    expect(findings['sse.resume']).to.match(/^present: /)
  })
})
