import { expect } from 'chai'

import { seededRandom } from '#proxies/embedded/proxy/random'
import { bandwidth } from '#proxies/embedded/toxics/standard/bandwidth'
import { latency } from '#proxies/embedded/toxics/standard/latency'
import { sharedBandwidth } from '#proxies/embedded/toxics/additional/shared-bandwidth'
import { slicer } from '#proxies/embedded/toxics/standard/slicer'
import type { Chunk, Outlet, Pipe, Settings, ToxicType } from '#proxies/embedded/toxics/toxic'
import { TurnTimer, sleep } from '../../wire.ts'

/** Collects what a pipe under test passes on. */
class CollectingOutlet implements Outlet {
  readonly random = seededRandom(1)
  readonly toxic: object
  readonly chunks: Chunk[] = []
  drains = 0
  ends = 0
  #waiting: (() => void)[] = []

  constructor(toxic: object = {}) {
    this.toxic = toxic
  }

  write(chunk: Chunk): void {
    this.chunks.push(chunk)
    for (const wake of this.#waiting.splice(0)) wake()
  }

  end(): void {
    this.ends++
  }

  cut(): void {
    throw new Error('the pipe cuts the connection')
  }

  reset(): void {
    throw new Error('the pipe resets the connection')
  }

  drained(): void {
    this.drains++
  }

  get bytes(): number {
    return this.chunks.reduce((sum, { data }) => sum + data.length, 0)
  }

  async got(bytes: number): Promise<void> {
    while (this.bytes < bytes) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}

/** Blocks the whole process, as other work does. */
function blockProcess(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end) {
    // busy loop
  }
}

describe('limits of toxics', () => {
  const pipes: Pipe<Settings>[] = []
  afterEach(() => {
    for (const pipe of pipes.splice(0)) pipe.dispose()
  })
  const open = (kind: ToxicType, settings: Settings): { out: CollectingOutlet; pipe: Pipe<Settings> } => {
    const out = new CollectingOutlet()
    const pipe = kind.pipe(out, settings)
    pipes.push(pipe)
    return { out, pipe }
  }
  const chunkOf = (bytes: number): Chunk => ({ data: Buffer.alloc(bytes), readAt: performance.now() })
  const hour = 3_600_000

  describe('latency', () => {
    for (const [limit, size, chunkCount] of [
      ['1024 small chunks', 1, 1024],
      ['32 MiB in fewer chunks', 64 * 1024, 512],
      ['32 MiB plus the rest of the last chunk', 1_000_000, 34],
    ] as const) {
      it(`holds ${limit}, and reports when it is full and when it is not`, () => {
        const { out, pipe } = open(latency, { latency: hour, jitter: 0 })
        // One buffer for all chunks: none of them is changed.
        const chunk = chunkOf(size)
        for (let count = 1; count <= chunkCount; count++) {
          expect(pipe.full, `before ${count}`).to.equal(false)
          pipe.write(chunk)
        }
        expect(pipe.full).to.equal(true)
        expect(out.chunks).to.have.length(0)
        // Any update passes one chunk on.
        pipe.update({ latency: hour, jitter: 0 })
        expect(out.chunks).to.have.length(1)
        expect(pipe.full).to.equal(false)
        expect(out.drains).to.equal(1)
        pipe.release()
        expect(out.chunks).to.have.length(chunkCount)
      })
    }
  })

  for (const kind of [bandwidth, sharedBandwidth]) {
    it(`${kind.type} counts from the arrival of bytes, although an earlier toxic delayed them`, async () => {
      const { out, pipe } = open(kind, { rate: 1 })
      const start = performance.now()
      pipe.write({ data: Buffer.alloc(40), readAt: start - 10_000 })
      await out.got(40)
      expect(performance.now() - start).to.be.at.least(40)
    })
  }

  describe('bandwidth', () => {
    it('does not make up for idle time', async () => {
      const { out, pipe } = open(bandwidth, { rate: 1 })
      for (let round = 1; round <= 3; round++) {
        const start = performance.now()
        pipe.write(chunkOf(40))
        await out.got(40 * round)
        expect(performance.now() - start).to.be.at.least(40)
        await sleep(20)
      }
    })

    it('does not make up for time at rate 0', async () => {
      const { out, pipe } = open(bandwidth, { rate: 0 })
      pipe.write(chunkOf(1))
      pipe.write(chunkOf(40))
      await sleep(50)
      const start = performance.now()
      pipe.update({ rate: 1 })
      expect(out.bytes).to.equal(1)
      await out.got(41)
      expect(performance.now() - start).to.be.at.least(40)
    })

    it('loses no time if a timer is late', async () => {
      using timer = new TurnTimer()
      const { out, pipe } = open(bandwidth, { rate: 1 })
      const start = performance.now()
      pipe.write(chunkOf(40))
      pipe.write(chunkOf(800))
      blockProcess(500)
      await out.got(840)
      expect(performance.now() - start).to.be.at.least(840)
      // The block of 500 ms has no turns. Counted from the late timer, the rest would take 800 ms.
      expect(timer.elapsedMs).to.be.at.most(700)
    })

    it('holds the current chunk and the next one', async () => {
      const { out, pipe } = open(bandwidth, { rate: 0 })
      pipe.write(chunkOf(1))
      expect(pipe.full).to.equal(false)
      pipe.write(chunkOf(1))
      expect(pipe.full).to.equal(true)
      pipe.update({ rate: 1 })
      expect(pipe.full).to.equal(false)
      expect(out.drains).to.equal(1)
      await out.got(2)
    })
  })

  describe('shared_bandwidth', () => {
    const pipesOfOneLine = (
      count: number,
      rate: number,
    ): readonly { out: CollectingOutlet; pipe: Pipe<Settings> }[] => {
      const first = open(sharedBandwidth, { rate })
      const others = Array.from({ length: count - 1 }, () => {
        const out = new CollectingOutlet(first.out.toxic)
        const pipe = sharedBandwidth.pipe(out, { rate })
        pipes.push(pipe)
        return { out, pipe }
      })
      return [first, ...others]
    }
    const totalBytes = (all: readonly { out: CollectingOutlet }[]): number =>
      all.reduce((sum, { out }) => sum + out.bytes, 0)

    it('passes nothing sooner if an update repeats the same rate', async () => {
      const all = pipesOfOneLine(20, 1)
      const start = performance.now()
      for (const { pipe } of all) pipe.write(chunkOf(20))
      for (const { pipe } of all) pipe.update({ rate: 1 })
      await Promise.all(all.map(({ out }) => out.got(20)))
      expect(performance.now() - start).to.be.at.least(400)
    })

    it('applies a new rate to all connections', async () => {
      const all = pipesOfOneLine(20, 1)
      const start = performance.now()
      using timer = new TurnTimer()
      for (const { pipe } of all) pipe.write(chunkOf(200))
      for (const { pipe } of all) pipe.update({ rate: 10 })
      await Promise.all(all.map(({ out }) => out.got(200)))
      expect(performance.now() - start).to.be.at.least(400)
      // At the old rate it would be 4000.
      expect(timer.elapsedMs).to.be.at.most(1500)
    })

    it('has the rate that was set while no connection used it', async () => {
      const { out, pipe } = open(sharedBandwidth, { rate: 1 })
      pipe.dispose()
      const later = new CollectingOutlet(out.toxic)
      const second = sharedBandwidth.pipe(later, { rate: 100 })
      pipes.push(second)
      const start = performance.now()
      using timer = new TurnTimer()
      second.write(chunkOf(1000))
      await later.got(1000)
      expect(performance.now() - start).to.be.at.least(10)
      // At the old rate it would be 1000.
      expect(timer.elapsedMs).to.be.at.most(500)
    })

    it('continues a turn, however often the rate changes', async () => {
      const { out, pipe } = open(sharedBandwidth, { rate: 50 })
      const start = performance.now()
      pipe.write(chunkOf(10_000))
      // If an update started the turn of 20 ms again, no turn would ever end.
      for (let count = 0; count < 150 && out.bytes < 10_000; count++) {
        pipe.update({ rate: 50 + (count % 2) })
        await sleep(2)
      }
      expect(out.bytes).to.equal(10_000)
      // At 51 bytes per ms it takes 196 ms.
      expect(performance.now() - start).to.be.at.least(196)
    })

    it('gives the turns of closed connections to the others', async () => {
      const all = pipesOfOneLine(100, 1)
      for (const { pipe } of all) pipe.write(chunkOf(20))
      const start = performance.now()
      using timer = new TurnTimer()
      for (const { pipe } of all.slice(0, 99)) pipe.dispose()
      await all[99]?.out.got(20)
      expect(performance.now() - start).to.be.at.least(20)
      // With the turns of all connections before it, it would be 1980.
      expect(timer.elapsedMs).to.be.at.most(1000)
      expect(totalBytes(all)).to.equal(20)
    })

    it('gives every connection a turn before any has a second one', async () => {
      const all = pipesOfOneLine(5, 1)
      for (const { pipe } of all) pipe.write(chunkOf(100))
      await all[4]?.out.got(20)
      expect(all.map(({ out }) => out.bytes)).to.deep.equal([20, 20, 20, 20, 20])
    })
  })

  describe('slicer', () => {
    it('yields to other connections after 64 pieces', async () => {
      const { out, pipe } = open(slicer, { average_size: 1, size_variation: 0, delay: 0 })
      const data = Buffer.from(Array.from({ length: 200 }, (_, index) => index))
      const turns: number[] = []
      pipe.write({ data, readAt: 0 })
      pipe.end()
      turns.push(out.chunks.length)
      for (let turn = 0; turn < 3; turn++) {
        await new Promise((resolve) => setImmediate(resolve))
        turns.push(out.chunks.length)
      }
      expect(turns).to.deep.equal([64, 128, 192, 200])
      expect(Buffer.concat(out.chunks.map((chunk) => chunk.data)).equals(data)).to.equal(true)
      expect(out.ends).to.equal(1)
    })
  })
})
