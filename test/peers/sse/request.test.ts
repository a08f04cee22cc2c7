import { expect } from 'chai'
import type { StreamRequest } from '#peers/session/endpoint'
import { resumeServer } from '../resume/resume-server.ts'
import { Bench, caught, stream } from './sse-support.ts'

const post: StreamRequest = {
  method: 'POST',
  headers: [
    ['Content-Type', 'application/json'],
    ['Accept', 'text/event-stream, application/json'],
  ],
  body: '{"topic":"n\u00e9ws"}',
}

describe('the request for a stream', () => {
  let bench: Bench
  beforeEach(() => (bench = new Bench()))
  afterEach(() => bench.close())

  /** A server that answers with a stream, and the bytes that it was sent. */
  const recording = async (): Promise<{ url: URL; received: () => string }> => {
    let received = ''
    const url = await bench.listen((socket) => {
      socket.on('data', (bytes) => {
        received += bytes.toString('utf8')
        if (received.includes('\r\n\r\n')) socket.write(stream(''))
      })
    })
    return { url, received: () => received }
  }

  it('is a GET without a body by default', async () => {
    const { url, received } = await recording()
    await bench.verbs(url).subscribe()
    expect(received()).to.equal(
      'GET /events?x=1 HTTP/1.1\r\n' +
        `Host: ${url.host}\r\n` +
        'Accept: text/event-stream\r\n' +
        'Accept-Encoding: identity\r\n' +
        'Cache-Control: no-cache\r\n\r\n',
    )
  })

  it('has the method, the headers and the body that the contract gives', async () => {
    const { url, received } = await recording()
    await bench.verbs(url, { endpoint: { request: post } }).subscribe({ lastEventId: '7' })
    expect(received()).to.equal(
      'POST /events?x=1 HTTP/1.1\r\n' +
        `Host: ${url.host}\r\n` +
        'Accept: text/event-stream, application/json\r\n' +
        'Accept-Encoding: identity\r\n' +
        'Cache-Control: no-cache\r\n' +
        'Content-Length: 17\r\n' +
        'Content-Type: application/json\r\n' +
        'Last-Event-ID: 7\r\n\r\n' +
        '{"topic":"n\u00e9ws"}',
    )
  })

  it('prefers what the check gives, and the stream request to the headers of every request', async () => {
    const { url, received } = await recording()
    const { subscribe } = bench.verbs(url, {
      endpoint: {
        headers: [
          ['content-type', 'text/plain'],
          ['Authorization', 'Bearer x'],
        ],
        request: post,
      },
    })
    await subscribe({ method: 'QUERY', headers: [['Accept', '*/*']], body: Uint8Array.of(0x61, 0x62) })
    expect(received()).to.equal(
      'QUERY /events?x=1 HTTP/1.1\r\n' +
        `Host: ${url.host}\r\n` +
        'Accept: */*\r\n' +
        'Accept-Encoding: identity\r\n' +
        'Cache-Control: no-cache\r\n' +
        'Content-Length: 2\r\n' +
        'Authorization: Bearer x\r\n' +
        'Content-Type: application/json\r\n\r\n' +
        'ab',
    )
  })

  it('keeps the headers and the body of a secure stream from a plain-text address', async () => {
    const { url, received } = await recording()
    const secure = new URL('https://127.0.0.1:1/events')
    const { subscribe, request } = bench.verbs(secure, { endpoint: { request: post } })
    await subscribe({ url })
    await request({ url })
    expect(received()).to.match(/^POST \/events\?x=1 HTTP\/1\.1\r\n/)
    expect(received()).to.not.match(/application\/json|topic/)
  })

  it('is what request() sends if the check names no method', async () => {
    const { url } = await resumeServer(bench, { request: post })
    const { request } = bench.verbs(url, { endpoint: { request: post } })
    expect((await request()).expectHead().status).to.equal(200)
    expect((await request({ method: 'GET' })).expectHead().status).to.equal(405)
  })

  it('is what an EventSource sends, and sends again when it reconnects', async () => {
    const { url, publish } = await resumeServer(bench, {
      request: post,
      endsReplays: true,
      replay: (kept, cursor) => kept.filter(({ id }) => id === cursor + 1),
    })
    const verbs = bench.verbs(url, { publish, endpoint: { request: post } })
    for (const data of ['one', 'two']) await verbs.publish({ data })
    const { events, opens } = await verbs.clients.eventSource({
      lastEventId: '0',
      until: (received) => received.length > 1,
    })
    expect([events.map(({ data }) => data), opens]).to.deep.equal([['one', 'two'], 2])
  })

  it('is refused with the status of a target that does not answer it', async () => {
    const { url } = await resumeServer(bench, { request: post })
    expect(await caught(bench.verbs(url).subscribe())).to.deep.equal({
      name: 'Violation',
      expected: 'status 200',
      actual: 'status 405',
    })
  })
})
