import { once } from 'node:events'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { run } from '../../index.ts'
import { startReference } from '#reference/start'

const body = '{"topic":"all"}'

interface PostOnly extends AsyncDisposable {
  readonly port: number
}

/** A front of the reference: it forwards a POST with this body as a GET, and answers a GET with 405. */
async function postOnly(upstream: URL): Promise<PostOnly> {
  const sockets = new Set<net.Socket>()
  const server = net.createServer({ noDelay: true }, (client) => {
    sockets.add(client.on('error', () => undefined))
    let request = Buffer.alloc(0)
    const onData = (bytes: Buffer): void => {
      request = Buffer.concat([request, bytes])
      const forwarded = rewritten(request.toString('latin1'))
      if (forwarded === null) return
      client.off('data', onData)
      if (forwarded === '') {
        client.end('HTTP/1.1 405 Method Not Allowed\r\nAllow: POST\r\nContent-Length: 0\r\n\r\n')
        return
      }
      const server = net.connect({ port: Number(upstream.port), host: '127.0.0.1', noDelay: true })
      sockets.add(server.on('error', () => client.destroy()))
      server.write(forwarded, 'latin1')
      client.pipe(server).pipe(client)
      client.on('close', () => server.destroy())
      server.on('close', () => client.destroy())
    }
    client.on('data', onData)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** What the reference is sent instead; null while the request is incomplete, empty if the front refuses it. */
function rewritten(request: string): string | null {
  const end = request.indexOf('\r\n\r\n')
  if (end === -1) return null
  const head = request.slice(0, end)
  if (head.startsWith('GET ')) return ''
  if (!head.startsWith('POST ')) return request
  const rest = request.slice(end + 4)
  if (rest.length < body.length) return null
  const isRight = rest.startsWith(body) && /^content-type: application\/json$/im.test(head)
  if (!isRight) return ''
  const lines = head.split('\r\n').filter((line) => !/^content-/i.test(line))
  return `${lines.join('\r\n').replace('POST', 'GET')}\r\n\r\n${rest.slice(body.length)}`
}

describe('a stream that answers a POST with a body', () => {
  it('passes the checks that the same stream passes by GET', async () => {
    await using reference = await startReference()
    await using front = await postOnly(reference.http)
    const report = await run(
      {
        sse: { url: `http://127.0.0.1:${front.port}/events`, body },
        publish: { url: `${reference.publish.href}?event={event}&id={id}`, body: '{data}' },
      },
      {
        proxy: 'embedded',
        only: [
          'sse/connection/*',
          'sse/resume/*',
          'sse/reconnection/*',
          'sse/compatibility/*',
          'sse/faults/*',
        ],
      },
    )
    const judged = report.results.filter(({ verdict }) => verdict !== 'not-applicable')
    expect(judged.length).to.be.at.least(50)
    expect(judged.filter(({ verdict }) => verdict !== 'pass').map(({ id }) => id)).to.deep.equal([])
  }).timeout(60_000)
})
