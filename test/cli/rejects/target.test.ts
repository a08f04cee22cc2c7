import { startReference } from '#reference/start'
import type { Socket } from 'node:net'
import type { BadServer } from '../support/bad-servers.ts'
import { freePort, httpServer, socketServer } from '../support/bad-servers.ts'
import { streamproof } from '../support/in-process.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { expectRefusal, hasty } from '../support/refusal.ts'

describe('cli: targets that cannot be tested', () => {
  const html = '<!doctype html><title>Hello</title>'
  const servers: readonly (readonly [name: string, open: () => Promise<BadServer>, line: RegExp])[] = [
    [
      'that serves an HTML page',
      () => httpServer((_, response) => response.setHeader('Content-Type', 'text/html').end(html)),
      /with an HTML page; check the path/,
    ],
    ['that answers 404', () => httpServer((_, response) => response.writeHead(404).end()), /404/],
    ['that answers 401', () => httpServer((_, response) => response.writeHead(401).end()), /401/],
    ['that answers 500', () => httpServer((_, response) => response.writeHead(500).end()), /500/],
    [
      'that redirects to itself',
      () =>
        httpServer((request, response) => response.writeHead(302, { Location: request.url ?? '/' }).end()),
      /302/,
    ],
    ['that sends an endless header', () => socketServer(endless), /streamproof: /],
    ['that never responds', () => socketServer((socket) => socket.resume()), /streamproof: /],
    ['that closes the connection', () => socketServer((socket) => socket.end()), /streamproof: /],
    [
      'that resets the connection',
      () => socketServer((socket) => socket.once('data', () => socket.resetAndDestroy())),
      /streamproof: /,
    ],
    [
      'of another protocol',
      () => socketServer((socket) => socket.end('220 mail ready\r\n')),
      /streamproof: /,
    ],
  ]
  for (const scheme of ['ws', 'http']) {
    for (const [name, open, line] of servers) {
      it(`${scheme}: a server ${name}: one line, status 3`, async () => {
        using folder = temporaryFolder()
        await using server = await open()
        const result = await streamproof(
          ['run', `${scheme}://127.0.0.1:${server.port}/x`, ...hasty],
          folder.path,
        )
        expectRefusal(result, folder.path, 3, line)
      }).timeout(20_000)
    }

    it(`${scheme}: a port that refuses connections: one line, status 3`, async () => {
      using folder = temporaryFolder()
      const result = await streamproof(
        ['run', `${scheme}://127.0.0.1:${await freePort()}/`, ...hasty],
        folder.path,
      )
      expectRefusal(result, folder.path, 3, /refuses connections: .*start the server, or check the port/)
    })

    it(`${scheme}: an unknown host name: one line, status 3`, async () => {
      using folder = temporaryFolder()
      const result = await streamproof(['run', `${scheme}://nobody.invalid/`, ...hasty], folder.path)
      expectRefusal(result, folder.path, 3, /nobody\.invalid/)
    })

    it(`${scheme}s: an untrusted certificate: one line that names the option, status 3`, async () => {
      using folder = temporaryFolder()
      await using reference = await startReference()
      const url = scheme === 'ws' ? reference.wss : reference.https
      expectRefusal(
        await streamproof(['run', url.href, ...hasty], folder.path),
        folder.path,
        3,
        /certificate.*--ca/,
      )
    })

    it(`${scheme}s: a server without TLS: one line, status 3`, async () => {
      using folder = temporaryFolder()
      await using server = await httpServer((_, response) => response.end())
      const result = await streamproof(
        ['run', `${scheme}s://127.0.0.1:${server.port}/`, ...hasty],
        folder.path,
      )
      expectRefusal(result, folder.path, 3, /TLS/)
    })
  }

  it('a server of the other protocol: one line, status 3', async () => {
    using folder = temporaryFolder()
    await using sse = await startReference({ ws: false })
    const asWebSocket = sse.http.href.replace('http:', 'ws:')
    expectRefusal(
      await streamproof(['run', asWebSocket, ...hasty], folder.path),
      folder.path,
      3,
      /is an event stream, not a WebSocket: give it as http: or https:/,
    )
    await using webSocket = await startReference({ sse: false })
    const asStream = webSocket.ws.href.replace('ws:', 'http:')
    expectRefusal(
      await streamproof(['run', asStream, ...hasty], folder.path),
      folder.path,
      3,
      /is a WebSocket, not an event stream: give it as ws: or wss:/,
    )
  })

  it('a target that does not start within --wait: one line, status 3', async () => {
    using folder = temporaryFolder()
    const result = await streamproof(
      ['run', `ws://127.0.0.1:${await freePort()}/`, '--wait', '300ms', '--quiet'],
      folder.path,
    )
    expectRefusal(result, folder.path, 3, /did not accept a connection within 300ms \(--wait\)/)
  })
})

/** Sends header lines as long as they are read. */
function endless(socket: Socket): void {
  socket.once('data', () => {
    socket.write('HTTP/1.1 200 OK\r\n')
    const more = (): void => {
      while (!socket.destroyed && socket.write(`X-Filler: ${'x'.repeat(8000)}\r\n`)) {
        // until the send buffer is full
      }
    }
    socket.on('drain', more)
    more()
  })
}
