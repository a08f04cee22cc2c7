import { expect } from 'chai'
import { Bench, caught, chunk, stream } from './sse-support.ts'

describe('a subscription', () => {
  let bench: Bench
  beforeEach(() => (bench = new Bench()))
  afterEach(() => bench.close())

  it("sends the headers that an EventSource sends, and the contract's", async () => {
    let asked = ''
    const url = await bench.listen((socket) => {
      socket.on('data', (bytes) => {
        asked += bytes.toString('latin1')
        socket.write(stream(''))
      })
    })
    const { subscribe } = bench.verbs(url, {
      endpoint: {
        headers: [
          ['Authorization', 'Bearer x'],
          ['Cookie', 'a=b'],
        ],
      },
    })
    await subscribe({ lastEventId: 'é1', headers: [['cookie', 'c=d']], without: ['Accept-Encoding'] })
    expect(asked).to.equal(
      'GET /events?x=1 HTTP/1.1\r\n' +
        `Host: ${url.host}\r\n` +
        'Accept: text/event-stream\r\n' +
        'Cache-Control: no-cache\r\n' +
        'Authorization: Bearer x\r\n' +
        'cookie: c=d\r\n' +
        'Last-Event-ID: \xc3\xa91\r\n\r\n',
    )
  })

  it('replaces the usual headers by those that are given', async () => {
    let asked = ''
    const url = await bench.listen((socket) => {
      socket.once('data', (bytes) => {
        asked = bytes.toString()
        socket.write(stream(''))
      })
    })
    await bench.verbs(url).subscribe({ headers: [['Accept', '*/*']] })
    expect(asked.match(/^accept: .*$/gim)).to.deep.equal(['Accept: */*'])
  })

  it('has the events, the cursor and the retry time that have arrived', async () => {
    const url = await bench.answering(stream('retry: 5\nid: 1\ndata: a\n\n'), 'id: 2\nevent: e\ndata: b\n\n')
    const sse = await bench.verbs(url).subscribe()
    const events = await sse.expectEvents(2)
    expect(events.map(({ type, data, id, lastEventId }) => [type, data, id, lastEventId])).to.deep.equal([
      ['message', 'a', '1', '1'],
      ['e', 'b', '2', '2'],
    ])
    expect([sse.retry, sse.lastEventId, sse.ending]).to.deep.equal([5, '2', null])
    expect(Buffer.from(sse.bytesOf(events[1] ?? expect.fail())).toString()).to.equal(
      'id: 2\nevent: e\ndata: b\n\n',
    )
    expect(sse.trace).to.include({ openedAtServerToClientBytes: 52 })
  })

  it('decodes a chunked body, byte by byte, after an interim response', async () => {
    const answer = `HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\ncontent-type: Text/Event-Stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n${chunk('da')}${chunk('ta: x\n\n')}0\r\n\r\n`
    const sse = await bench.verbs(await bench.answering(...answer.split(''))).subscribe()
    await sse.expectEvent('x', ({ data }) => data === 'x')
    expect(await sse.expectEnd()).to.deep.equal({ by: 'target', how: 'fin', code: null })
  })

  const refusals: readonly (readonly [string, readonly string[], string, string])[] = [
    [
      'a page of HTML',
      ['HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>'],
      'a Content-Type of text/event-stream',
      'Content-Type "text/html"',
    ],
    ['no type', ['HTTP/1.1 200 OK\r\n\r\n'], 'a Content-Type of text/event-stream', 'no Content-Type'],
    ['a redirect', ['HTTP/1.1 307 There\r\nLocation: /x\r\n\r\n'], 'status 200', 'status 307'],
    ['204', ['HTTP/1.1 204 No\r\nContent-Type: text/event-stream\r\n\r\n'], 'status 200', 'status 204'],
    [
      'a coding that was not accepted',
      ['HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n\r\n'],
      'no content coding, as the request accepts none',
      'Content-Encoding "gzip"',
    ],
    ['garbage', ['SSH-2.0-x\r\n'], 'an HTTP response with status 200', 'bytes that are not an HTTP response'],
    [
      'an endless head',
      ['HTTP/1.1 200 OK\r\n', `X: ${'a'.repeat(70_000)}`],
      'an HTTP response with status 200',
      'a head of more than 64 KiB',
    ],
  ]
  for (const [name, answer, expected, actual] of refusals) {
    it(`rejects ${name}`, async () => {
      const { subscribe } = bench.verbs(await bench.answering(...answer))
      expect(await caught(subscribe())).to.deep.equal({ name: 'Violation', expected, actual })
    })
  }

  it('reports a server that does not answer', async () => {
    const { subscribe } = bench.verbs(await bench.listen(() => undefined), { timeScale: 0.02 })
    expect(await caught(subscribe())).to.deep.equal({
      name: 'Violation',
      expected: 'an HTTP response with status 200',
      actual: 'no response',
    })
  })

  it('reports how a server ended the connection', async () => {
    const fin = await bench.listen((socket) => void socket.once('data', () => socket.end('HTTP/1.1')))
    expect(await caught(bench.verbs(fin).subscribe())).to.include({
      actual: 'the target ended the connection by FIN',
    })
    const rst = await bench.listen((socket) => void socket.once('data', () => socket.resetAndDestroy()))
    expect(await caught(bench.verbs(rst).subscribe())).to.include({
      actual: 'the target ended the connection by RST',
    })
  })

  for (const status of [429, 503]) {
    it(`does not judge status ${status}, and informs the observer`, async () => {
      const { subscribe } = bench.verbs(await bench.answering(`HTTP/1.1 ${status} x\r\n\r\n`))
      expect(await caught(subscribe())).to.include({ name: 'Inconclusive', reason: 'target-refused' })
      expect(bench.refused).to.deep.equal([`status-${status}`])
    })
  }

  it('ends at a chunk that cannot be decoded', async () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'
    const sse = await bench.verbs(await bench.answering(`${head}${chunk('data: a\n\n')}zz\r\n`)).subscribe()
    await sse.expectEvents(1)
    expect(await sse.expectEnd()).to.deep.equal({ by: 'target', how: 'fin', code: null })
  })

  it('informs the observer when the connection has ended', async () => {
    const sse = await bench.verbs(await bench.answering(stream(''))).subscribe()
    sse.close()
    await bench.close()
    expect(bench.opened).to.deep.equal([{ by: 'harness', how: 'fin', code: null }])
  })
})
