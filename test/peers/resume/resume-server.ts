import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { PublishPlan, StreamRequest } from '#peers/session/endpoint'
import type { Bench } from '../sse/sse-support.ts'

interface Stored {
  readonly id: number
  readonly data: string
}

/** A server that resumes as it should, except for what is named here. */
export interface Behaviour {
  /** What is replayed to a client with a cursor. */
  readonly replay?: (kept: readonly Stored[], cursor: number) => readonly Stored[]
  /** Live events begin only this long after the replay. */
  readonly raceGapMs?: number
  /** No live events follow a replay. */
  readonly neverLive?: boolean
  /** Every stream has a heartbeat this often. */
  readonly heartbeatMs?: number
  /** Status for a client that brings a cursor; `at` counts such clients. */
  readonly statusOf?: (at: number) => number
  /** Streams of clients that bring a cursor end after the replay. */
  readonly endsReplays?: boolean
  /** What every stream begins with. */
  readonly opening?: string
  /** The line end. */
  readonly eol?: string
  /** The first id. */
  readonly firstId?: number
  /** Ends the first stream (the witness) at the n-th event. */
  readonly dropsFirstAt?: number
  /** The only request that is answered with a stream; any GET by default. Others get status 405. */
  readonly request?: StreamRequest
}

/** Publishes the body of a PUT as an event, and answers any other request with an event stream. */
export async function resumeServer(
  bench: Bench,
  behaviour: Behaviour = {},
): Promise<{ url: URL; publish: PublishPlan }> {
  const { replay = (kept, cursor) => kept.filter(({ id }) => id > cursor), eol = '\n' } = behaviour
  const kept: Stored[] = []
  const streams: http.ServerResponse[] = []
  let comebacks = 0
  const bytesOf = ({ id, data }: Stored): string => `id: ${id}${eol}data: ${data}${eol}${eol}`
  const server = http.createServer((request, response) => {
    response.on('error', () => undefined)
    let data = ''
    request.setEncoding('utf8').on('data', (part: string) => (data += part))
    if (request.method === 'PUT') {
      request.on('end', () => {
        const event = { id: (behaviour.firstId ?? 1) + kept.length, data }
        kept.push(event)
        for (const stream of streams) stream.write(bytesOf(event))
        if (kept.length === behaviour.dropsFirstAt) streams[0]?.destroy()
        response.end()
      })
      return
    }
    request.on('end', () => serve(request, data, response))
  })
  const serve = (request: http.IncomingMessage, body: string, response: http.ServerResponse): void => {
    if (!isStreamRequest(behaviour.request, request, body)) {
      response.writeHead(405).end()
      return
    }
    const cursor = request.headers['last-event-id']
    const status = cursor === undefined ? 200 : (behaviour.statusOf?.(comebacks++) ?? 200)
    response.writeHead(status, { 'Content-Type': 'text/event-stream' })
    if (status !== 200) {
      response.end()
      return
    }
    response.flushHeaders()
    response.write(behaviour.opening ?? '')
    for (const event of cursor === undefined ? [] : replay(kept, Number(cursor)))
      response.write(bytesOf(event))
    if (cursor !== undefined && behaviour.endsReplays === true) {
      response.end()
      return
    }
    if (behaviour.heartbeatMs !== undefined) {
      const beat = setInterval(() => response.write(`:${eol}${eol}`), behaviour.heartbeatMs)
      bench.defer(() => clearInterval(beat))
    }
    if (cursor !== undefined && behaviour.neverLive === true) return
    if (cursor !== undefined && behaviour.raceGapMs !== undefined) {
      const timer = setTimeout(() => streams.push(response), behaviour.raceGapMs)
      bench.defer(() => clearTimeout(timer))
    } else streams.push(response)
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  bench.defer(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  return { url, publish: { url, method: 'PUT', headers: [], body: '{data}', fields: new Set(['data']) } }
}

function isStreamRequest(
  expected: StreamRequest | undefined,
  { method, headers }: http.IncomingMessage,
  body: string,
): boolean {
  if (expected === undefined) return method === 'GET'
  return (
    method === expected.method &&
    body === (expected.body ?? '') &&
    expected.headers.every(([name, value]) => headers[name.toLowerCase()] === value)
  )
}
