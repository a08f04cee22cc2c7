import { expect } from 'chai'

import { seededRandom } from '#proxies/embedded/proxy/random'
import { bandwidth } from '#proxies/embedded/toxics/standard/bandwidth'
import { latency } from '#proxies/embedded/toxics/standard/latency'
import { sharedBandwidth } from '#proxies/embedded/toxics/additional/shared-bandwidth'
import { slicer } from '#proxies/embedded/toxics/standard/slicer'
import type { Chunk, Outlet, Pipe, Settings, ToxicType } from '#proxies/embedded/toxics/toxic'
import { sleep } from '../../wire.ts'

/** Where a pipe under test lets its bytes out. */
class Out implements Outlet {
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
    throw new Error('it cuts')
  }

  reset(): void {
    throw new Error('it resets')
  }

  drained(): void {
    this.drains++
  }

  get bytes(): number {
    return this.chunks.reduce((sum, one) => sum + one.data.length, 0)
  }

  async got(bytes: number): Promise<void> {
    while (this.bytes < bytes) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}

/** Holds up the whole process, as work of others would. */
function busy(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end) {
    // until then
  }
}

describe('limits of toxics', () => {
  const pipes: Pipe<Settings>[] = []
  afterEach(() => {
    for (const pipe of pipes.splice(0)) pipe.dispose()
  })
  const open = (kind: ToxicType, settings: Settings): { out: Out; pipe: Pipe<Settings> } => {
    const out = new Out()
    const pipe = kind.pipe(out, settings)
    pipes.push(pipe)
    return { out, pipe }
  }
  const chunkOf = (bytes: number): Chunk => ({ data: Buffer.alloc(bytes), readAt: performance.now() })
  const hour = 3_600_000

  describe('latency', () => {
    for (const [what, size, most] of [
      ['1024 chunks, however small', 1, 1024],
      ['32 MiB, in fewer chunks', 64 * 1024, 512],
      ['32 MiB, or what comes over it with the last chunk', 1_000_000, 34],
    ] as const) {
      it(`holds ${what}, says when it is full, and when it is no more`, () => {
        const { out, pipe } = open(latency, { latency: hour, jitter: 0 })
        // One buffer for all: none of them is changed.
        const chunk = chunkOf(size)
        for (let count = 1; count <= most; count++) {
          expect(pipe.full, `before ${count}`).to.equal(false)
          pipe.write(chunk)
        }
        expect(pipe.full).to.equal(true)
        expect(out.chunks).to.have.length(0)
        // Any change of its settings lets one chunk go.
        pipe.update({ latency: hour, jitter: 0 })
        expect(out.chunks).to.have.length(1)
        expect(pipe.full).to.equal(false)
        expect(out.drains).to.equal(1)
        pipe.release()
        expect(out.chunks).to.have.length(most)
      })
    }
  })

  for (const kind of [bandwidth, sharedBandwidth]) {
    it(`${kind.type} counts from when bytes come to it, however long others had held them`, async () => {
      const { out, pipe } = open(kind, { rate: 1 })
      const start = performance.now()
      pipe.write({ data: Buffer.alloc(40), readAt: start - 10_000 })
      await out.got(40)
      expect(performance.now() - start).to.be.at.least(40)
    })
  }

  describe('bandwidth', () => {
    it('gives nobody the time that a line stood idle', async () => {
      const { out, pipe } = open(bandwidth, { rate: 1 })
      for (let round = 1; round <= 3; round++) {
        const start = performance.now()
        pipe.write(chunkOf(40))
        await out.got(40 * round)
        expect(performance.now() - start).to.be.at.least(40)
        await sleep(20)
      }
    })

    it('gives nobody the time that it stood still', async () => {
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

    it('loses no time by a timer that comes late', async () => {
      const { out, pipe } = open(bandwidth, { rate: 1 })
      const start = performance.now()
      pipe.write(chunkOf(40))
      pipe.write(chunkOf(800))
      busy(500)
      await out.got(840)
      // Counted from the late timer it would be 1300.
      expect(performance.now() - start).to.be.within(840, 1200)
    })

    it('has one chunk in work and one in waiting', async () => {
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
    const lines = (count: number, rate: number): readonly { out: Out; pipe: Pipe<Settings> }[] => {
      const first = open(sharedBandwidth, { rate })
      const others = Array.from({ length: count - 1 }, () => {
        const out = new Out(first.out.toxic)
        const pipe = sharedBandwidth.pipe(out, { rate })
        pipes.push(pipe)
        return { out, pipe }
      })
      return [first, ...others]
    }
    const bytes = (all: readonly { out: Out }[]): number => all.reduce((sum, { out }) => sum + out.bytes, 0)

    it('lets nobody pass sooner because the same rate is said again, to all of them', async () => {
      const all = lines(20, 1)
      const start = performance.now()
      for (const { pipe } of all) pipe.write(chunkOf(20))
      for (const { pipe } of all) pipe.update({ rate: 1 })
      await Promise.all(all.map(({ out }) => out.got(20)))
      expect(performance.now() - start).to.be.at.least(400)
    })

    it('has one new rate for all from then on', async () => {
      const all = lines(20, 1)
      const start = performance.now()
      for (const { pipe } of all) pipe.write(chunkOf(200))
      for (const { pipe } of all) pipe.update({ rate: 10 })
      await Promise.all(all.map(({ out }) => out.got(200)))
      expect(performance.now() - start).to.be.within(400, 1500)
    })

    it('has the rate that was set while nobody was on it', async () => {
      const { out, pipe } = open(sharedBandwidth, { rate: 1 })
      pipe.dispose()
      const later = new Out(out.toxic)
      const second = sharedBandwidth.pipe(later, { rate: 100 })
      pipes.push(second)
      const start = performance.now()
      second.write(chunkOf(1000))
      await later.got(1000)
      expect(performance.now() - start).to.be.within(10, 500)
    })

    it('goes on with a turn, however often its rate is changed', async () => {
      const { out, pipe } = open(sharedBandwidth, { rate: 50 })
      const start = performance.now()
      pipe.write(chunkOf(10_000))
      for (let count = 0; count < 150 && out.bytes < 10_000; count++) {
        pipe.update({ rate: 50 + (count % 2) })
        await sleep(2)
      }
      expect(out.bytes).to.equal(10_000)
      // At 51 bytes a ms it would be 196 ms; with every turn begun anew it would never be.
      expect(performance.now() - start).to.be.within(196, 400)
    })

    it('gives the turns of those who are gone to the others', async () => {
      const all = lines(100, 1)
      for (const { pipe } of all) pipe.write(chunkOf(20))
      const start = performance.now()
      for (const { pipe } of all.slice(0, 99)) pipe.dispose()
      await all[99]?.out.got(20)
      // All the turns before it would be 1980 ms.
      expect(performance.now() - start).to.be.within(20, 1000)
      expect(bytes(all)).to.equal(20)
    })

    it('goes round: nobody has a second turn before all had one', async () => {
      const all = lines(5, 1)
      for (const { pipe } of all) pipe.write(chunkOf(100))
      await all[4]?.out.got(20)
      expect(all.map(({ out }) => out.bytes)).to.deep.equal([20, 20, 20, 20, 20])
    })
  })

  describe('slicer', () => {
    it('lets others have their turn behind 64 pieces', async () => {
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
      expect(Buffer.concat(out.chunks.map((one) => one.data)).equals(data)).to.equal(true)
      expect(out.ends).to.equal(1)
    })
  })
})
