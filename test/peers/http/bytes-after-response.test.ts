import { expect } from 'chai'
import { Bench } from '../sse/sse-support.ts'

describe('bytes after a response', () => {
  let bench: Bench
  beforeEach(() => (bench = new Bench()))
  afterEach(() => bench.close())

  it('counts the bytes after the head of a response to HEAD', async () => {
    const bare = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n'
    const silent = await bench.verbs(await bench.answering(bare)).request({ method: 'HEAD' })
    const loud = await bench.verbs(await bench.answering(bare, 'data')).request({ method: 'HEAD' })
    expect([silent.surplus, loud.surplus]).to.deep.equal([0, 4])
  })

  it('keeps bytes that follow a complete response, whether they arrive with it or after it', async () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n'
    for (const [method, pieces, surplus] of [
      ['HEAD', [`${head}data`], 'data'],
      ['HEAD', [head, 'data'], 'data'],
      ['GET', [`${head}data`], ''],
      ['GET', [`${head}data and more`], ' and more'],
    ] as const) {
      const context = bench.context(await bench.answering(...pieces))
      await bench.verbsOf(context).request({ method })
      const kept = context.transcript.entries().filter(({ kind }) => kind === 'bytes')
      expect(kept.map(({ from }) => from)).to.not.include('harness')
      expect(Buffer.from(kept.map(({ hex }) => hex).join(''), 'hex').toString()).to.equal(surplus)
    }
  })
})
