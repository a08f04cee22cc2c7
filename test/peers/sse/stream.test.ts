import { expect } from 'chai'
import { Bench, caught, stream } from './sse-support.ts'

describe('the verbs of a stream', () => {
  let bench: Bench
  beforeEach(() => (bench = new Bench()))
  afterEach(() => bench.close())

  it('reports what it waited for, and that it did not arrive', async () => {
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

  it('reports the end of the stream at once, and dispatches no incomplete event', async () => {
    let connections = 0
    const url = await bench.listen((socket) => {
      connections += 1
      // Only the first is ended: a target that ends every stream is not judged for it.
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

  it('keeps at most 4 MiB of an endless line', async () => {
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

  it('waits for a line, which may have arrived before', async () => {
    const sse = await bench.verbs(await bench.answering(stream(': one\n\nevent: ping\n\n'))).subscribe()
    const comment = await sse.expectLine('a comment', ({ kind }) => kind === 'comment')
    expect(Buffer.from(comment.bytes).toString()).to.equal(': one')
    await sse.expectLine('a name', ({ name, value }) => name === 'event' && value === 'ping')
    expect(sse.events).to.deep.equal([])
  })

  it('reports which line did not arrive, and that the stream ended', async () => {
    // Only the first is ended: a target that ends every stream is not judged for it.
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

  it('expects a heartbeat of a stream that is idle, and of no other', async () => {
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

  it('waits until the body has grown, whatever its content coding', async () => {
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
})
