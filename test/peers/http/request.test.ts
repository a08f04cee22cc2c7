import { expect } from 'chai'
import { Bench, caught, stream } from '../sse/sse-support.ts'

describe('request', () => {
  let bench: Bench
  beforeEach(() => (bench = new Bench()))
  afterEach(() => bench.close())

  it('returns head and body, and follows no redirect', async () => {
    const url = await bench.answering(
      'HTTP/1.1 302 Found\r\nLocation: /else\r\nContent-Length: 5\r\n\r\nhello',
    )
    const answer = await bench.verbs(url).request({ method: 'OPTIONS', target: '*' })
    expect(answer.expectHead()).to.include({ status: 302, reason: 'Found' })
    expect(Buffer.from(answer.body).toString()).to.equal('hello')
    expect([answer.tls, answer.ending]).to.deep.equal([null, { by: 'target', how: 'fin', code: null }])
  })

  it('sends any method, headers and body', async () => {
    let asked = ''
    const url = await bench.listen((socket) => {
      socket.on('data', (bytes) => {
        asked += bytes.toString('latin1')
        if (asked.endsWith('}')) socket.end('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n')
      })
    })
    const answer = await bench.verbs(url).request({
      method: 'POST',
      headers: [['Content-Type', 'application/json']],
      body: '{"a":"\u00e9"}',
    })
    expect(answer.expectHead().status).to.equal(202)
    expect(asked).to.equal(
      'POST /events?x=1 HTTP/1.1\r\n' +
        `Host: ${url.host}\r\n` +
        'Accept: text/event-stream\r\n' +
        'Accept-Encoding: identity\r\n' +
        'Cache-Control: no-cache\r\n' +
        'Content-Length: 10\r\n' +
        'Content-Type: application/json\r\n\r\n' +
        '{"a":"\xc3\xa9"}',
    )
  })

  it('leaves out and replaces headers, and speaks HTTP/1.0', async () => {
    let asked = ''
    const url = await bench.listen((socket) => {
      socket.on('data', (bytes) => {
        asked += bytes.toString('latin1')
        socket.end('HTTP/1.1 204 No Content\r\n\r\n')
      })
    })
    await bench.verbs(url).request({
      version: '1.0',
      headers: [['accept', '*/*']],
      without: ['host', 'cache-control', 'accept-encoding'],
    })
    expect(asked).to.equal('GET /events?x=1 HTTP/1.0\r\naccept: */*\r\n\r\n')
  })

  it('does not wait for the end of a stream', async () => {
    const url = await bench.answering(stream('data: a\n\n'))
    const answer = await bench.verbs(url, { timeScale: 0.2 }).request()
    expect(Buffer.from(answer.body).toString()).to.equal('data: a\n\n')
    expect(answer.ending).to.equal(null)
  })

  it('reads 64 KiB of a body, and closes the connection', async () => {
    const url = await bench.answering(`HTTP/1.1 200 OK\r\n\r\n${'a'.repeat(100_000)}`)
    expect((await bench.verbs(url).request()).body).to.have.length(65_536)
  })

  it('has no head if none was received; expectHead says why', async () => {
    const url = await bench.listen((socket) => void socket.once('data', () => socket.end()))
    const answer = await bench.verbs(url).request()
    expect([answer.head, answer.headMs, answer.ending]).to.deep.equal([
      null,
      null,
      { by: 'target', how: 'fin', code: null },
    ])
    expect(await caught(Promise.resolve().then(() => answer.expectHead()))).to.include({
      actual: 'the target ended the connection by FIN',
    })
  })
})
