import { expect } from 'chai'
import { Bench, caught, chunk, stream } from './sse-support.ts'

describe('subscribe', () => {
  let bench: Bench
  beforeEach(() => (bench = new Bench()))
  afterEach(() => bench.close())

  it("asks as an EventSource does, with the contract's headers", async () => {
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

  it('gives events, lines, cursor and retry as they come', async () => {
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

  it('takes chunked bodies apart, byte by byte, behind an interim response', async () => {
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
    it(`refuses ${name}`, async () => {
      const { subscribe } = bench.verbs(await bench.answering(...answer))
      expect(await caught(subscribe())).to.deep.equal({ name: 'Violation', expected, actual })
    })
  }

  it('says that a mute server said nothing', async () => {
    const { subscribe } = bench.verbs(await bench.listen(() => undefined), { timeScale: 0.02 })
    expect(await caught(subscribe())).to.deep.equal({
      name: 'Violation',
      expected: 'an HTTP response with status 200',
      actual: 'no response',
    })
  })

  it('says how a server hung up', async () => {
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
    it(`does not judge ${status}, and tells the observer`, async () => {
      const { subscribe } = bench.verbs(await bench.answering(`HTTP/1.1 ${status} x\r\n\r\n`))
      expect(await caught(subscribe())).to.include({ name: 'Inconclusive', reason: 'target-refused' })
      expect(bench.refused).to.deep.equal([`status-${status}`])
    })
  }

  it('says what it waited for, and what came instead', async () => {
    const url = await bench.answering(stream('data: a\n\n'))
    const sse = await bench.verbs(url, { timeScale: 0.05 }).subscribe()
    expect(await caught(sse.expectEvent('an event b', ({ data }) => data === 'b'))).to.deep.equal({
      name: 'Violation',
      expected: 'an event b',
      actual: 'it did not arrive',
    })
    expect(await caught(sse.expectEvents(2))).to.include({ expected: '2 events', actual: 'fewer arrived' })
    expect(await caught(sse.expectEnd())).to.include({ actual: 'it stayed open' })
    await sse.expectOpen()
  })

  it('notices the end at once, a cut event is none', async () => {
    let connections = 0
    const url = await bench.listen((socket) => {
      connections += 1
      // The one after it stands: a target that ends every stream is another matter.
      const end = connections === 1
      socket.once('data', () => {
        socket.write(stream('data: a\n\nid: 7\ndata: b\n'))
        if (end) socket.end()
      })
    })
    const sse = await bench.verbs(url).subscribe()
    expect(await caught(sse.expectEvent('b', ({ data }) => data === 'b'))).to.deep.equal({
      name: 'Violation',
      expected: 'b',
      actual: 'it did not arrive, and the target ended the stream by FIN',
    })
    expect(sse.lastEventId).to.equal('')
    expect(sse.problems.map(({ rule }) => rule)).to.deep.equal(['unterminated'])
    expect(await caught(sse.expectOpen())).to.include({ actual: 'the target ended it by FIN' })
    expect(await sse.expectEnd()).to.deep.equal({ by: 'target', how: 'fin', code: null })
  })

  it('takes garbage among chunks as the end of the stream', async () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'
    const sse = await bench.verbs(await bench.answering(`${head}${chunk('data: a\n\n')}zz\r\n`)).subscribe()
    await sse.expectEvents(1)
    expect(await sse.expectEnd()).to.deep.equal({ by: 'target', how: 'fin', code: null })
  })

  it('keeps a bounded part of an endless line', async () => {
    const piece = 'a'.repeat(65_536)
    const url = await bench.listen((socket) => {
      const pour = (): void => {
        while (!socket.destroyed && socket.write(piece));
      }
      socket.on('drain', pour).once('data', () => {
        socket.write(stream('data: '))
        pour()
      })
    })
    const sse = await bench.verbs(url, { timeScale: 0.2 }).subscribe()
    expect(await caught(sse.expectEvents(1))).to.include({ actual: 'no event arrived' })
    expect(sse.body.length).to.be.at.most(4_194_304)
    sse.reset()
  })

  it('tells the observer when the connection is over', async () => {
    const sse = await bench.verbs(await bench.answering(stream(''))).subscribe()
    sse.close()
    await bench.close()
    expect(bench.opened).to.deep.equal([{ by: 'harness', how: 'fin', code: null }])
  })
})
