import { expect } from 'chai'
import { Bench, caught, stream } from './sse-support.ts'

const answer = (status: string): string => `HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`

describe('lines and bytes of a stream', () => {
  let bench: Bench
  beforeEach(() => (bench = new Bench()))
  afterEach(() => bench.close())

  it('waits for a line; those that came already count', async () => {
    const sse = await bench.verbs(await bench.answering(stream(': one\n\nevent: ping\n\n'))).subscribe()
    const comment = await sse.expectLine('a comment', ({ kind }) => kind === 'comment')
    expect(Buffer.from(comment.bytes).toString()).to.equal(': one')
    await sse.expectLine('a name', ({ name, value }) => name === 'event' && value === 'ping')
    expect(sse.events).to.deep.equal([])
  })

  it('says which line did not come, and that the stream ended', async () => {
    // The first alone: one that ends every stream does so by policy.
    let streams = 0
    const url = await bench.listen(
      (socket) =>
        void socket.once('data', () => {
          socket.write(stream('data: a\n\n'))
          if (streams++ === 0) socket.end()
        }),
    )
    const sse = await bench.verbs(url).subscribe()
    expect(await caught(sse.expectLine('a comment', ({ kind }) => kind === 'comment'))).to.deep.equal({
      name: 'Violation',
      expected: 'a comment',
      actual: 'none arrived, and the target ended the stream by FIN',
    })
  })

  it('is owed a beat by a stream that is idle, and by no other', async () => {
    const isComment = ({ kind }: { readonly kind: string }): boolean => kind === 'comment'
    const silent = await bench.verbs(await bench.answering(stream('data: a\n\n'))).subscribe()
    expect(await caught(silent.expectHeartbeat('a beat', isComment, 60))).to.deep.equal({
      name: 'Violation',
      expected: 'a beat',
      actual: 'none arrived',
    })
    const beating = await bench.verbs(await bench.answering(stream(': beat\n\n'))).subscribe()
    expect((await beating.expectHeartbeat('a beat', isComment, 60)).kind).to.equal('comment')
    // Events, and a line that never ends.
    for (const piece of ['data: b\n\n', 'b']) {
      const busy = await bench.listen((socket) => {
        socket.on('error', () => undefined)
        socket.once('data', () => {
          socket.write(stream('data: a\n\ndata: '))
          const ticking = setInterval(() => socket.write(piece), 10)
          socket.once('close', () => clearInterval(ticking))
        })
      })
      const sse = await bench.verbs(busy).subscribe()
      expect(await caught(sse.expectHeartbeat('a beat', isComment, 300))).to.deep.equal({
        name: 'Inconclusive',
        reason: 'out-of-time',
        message: 'out-of-time: the stream was not idle for long enough',
      })
    }
  })

  it('waits until the body has grown, and counts a coding that it does not know', async () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n\r\n'
    const verbs = bench.verbs(await bench.answering(`${head}0123456789`), { timeScale: 0.05 })
    const sse = await verbs.subscribe({ headers: [['Accept-Encoding', 'gzip']] })
    await sse.expectGrowth('ten bytes', 9)
    expect(sse.size).to.equal(10)
    expect(await caught(sse.expectGrowth('more', 10))).to.include({
      expected: 'more',
      actual: 'no byte arrived',
    })
  })

  it('asks with the headers that are given in the place of the usual ones', async () => {
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

  it('tells bytes behind a HEAD from none', async () => {
    const bare = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n'
    const silent = await bench.verbs(await bench.answering(bare)).request({ method: 'HEAD' })
    const loud = await bench.verbs(await bench.answering(bare, 'data')).request({ method: 'HEAD' })
    expect([silent.surplus, loud.surplus]).to.deep.equal([0, 4])
  })

  it('keeps the bytes behind a response that is over, whether they came with it or after it', async () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n'
    for (const [method, pieces, behind] of [
      ['HEAD', [`${head}data`], 'data'],
      ['HEAD', [head, 'data'], 'data'],
      ['GET', [`${head}data`], ''],
      ['GET', [`${head}data and more`], ' and more'],
    ] as const) {
      const context = bench.context(await bench.answering(...pieces))
      await bench.verbsOf(context).request({ method })
      const kept = context.transcript.entries().filter(({ kind }) => kind === 'bytes')
      expect(kept.map(({ from }) => from)).to.not.include('harness')
      expect(Buffer.from(kept.map(({ hex }) => hex).join(''), 'hex').toString()).to.equal(behind)
    }
  })
})

describe('tryPublish', () => {
  let bench: Bench
  beforeEach(() => (bench = new Bench()))
  afterEach(() => bench.close())

  const publisherOf = async (status: string) => {
    const url = await bench.answering(answer(status))
    return bench.verbs(url, {
      publish: {
        url,
        method: 'POST',
        headers: [['X-Event', '{event}']],
        body: '{data}',
        fields: new Set(['data', 'event'] as const),
      },
    })
  }

  it('takes an error status for an answer', async () => {
    expect(await (await publisherOf('204 No Content')).tryPublish({ data: 'x' })).to.equal('accepted')
    expect(await (await publisherOf('400 Bad Request')).tryPublish({ data: 'x' })).to.equal('rejected')
    expect(await (await publisherOf('500 Oops')).tryPublish({ data: 'x' })).to.equal('rejected')
  })

  it('takes what HTTP cannot carry for refused', async () => {
    expect(await (await publisherOf('204 No Content')).tryPublish({ data: 'x', event: 'a\nb' })).to.equal(
      'rejected',
    )
  })

  it('does not judge a publisher that is not there', async () => {
    const url = new URL('http://127.0.0.1:9/')
    const verbs = bench.verbs(url, {
      publish: { url, method: 'POST', headers: [], body: '{data}', fields: new Set(['data'] as const) },
    })
    expect(await caught(verbs.tryPublish({ data: 'x' }))).to.include({
      name: 'Inconclusive',
      reason: 'publish-failed',
    })
  })
})
