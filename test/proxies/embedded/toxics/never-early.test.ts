import { expect } from 'chai'

import { callAt, now } from '#proxies/embedded/proxy/clock'
import { toxicTypes } from '#proxies/embedded/toxics/index'
import type { Pipe, Settings, ToxicType } from '#proxies/embedded/toxics/toxic'

const ms = 12

type Start = (pipe: Pipe<Settings>) => void
const writes =
  (bytes: number): Start =>
  (pipe) =>
    pipe.write({ data: Buffer.alloc(bytes), readAt: now() })
const ends: Start = (pipe) => pipe.end()
const nothing: Start = () => undefined

/** Toxics that wait: what starts each, and after how many of its effects (a write, an end, a reset) the time is measured. */
const waiting: readonly (readonly [
  type: string,
  attributes: Readonly<Record<string, number>>,
  start: Start,
  effects: number,
])[] = [
  ['latency', { latency: ms, jitter: 0 }, writes(1), 1],
  ['bandwidth', { rate: 1 }, writes(ms), 1],
  ['slow_close', { delay: ms }, ends, 1],
  ['timeout', { timeout: ms }, nothing, 1],
  ['timeout', { timeout: ms }, writes(1), 1],
  ['reset_peer', { timeout: ms }, writes(1), 1],
  ['reset_peer', { timeout: ms }, ends, 1],
  // Three pauses lie between four pieces.
  ['slicer', { average_size: 1, size_variation: 0, delay: (ms * 1000) / 3 }, writes(4), 4],
  ['close_after', { after: ms }, writes(1), 2],
  ['stall', { bytes: 0, duration: ms }, writes(1), 1],
  ['shared_bandwidth', { rate: 1 }, writes(ms), 1],
]

const idle = {
  write: () => undefined,
  end: () => undefined,
  cut: () => undefined,
  reset: () => undefined,
  drained: () => undefined,
  random: () => 0.5,
}

function kindOf(type: string): ToxicType {
  const kind = toxicTypes.get(type)
  if (kind === undefined) throw new Error(`there is no toxic ${type}`)
  return kind
}

/** The time in ms until the awaited effect, by the engine's clock. */
function measure(type: string, attributes: Settings, start: Start, effects: number): Promise<number> {
  return new Promise((resolve) => {
    let left = effects
    const done = (): void => {
      left--
      if (left > 0) return
      const took = now() - startedAt
      // Some continue by themselves.
      setImmediate(() => pipe.dispose())
      resolve(took)
    }
    const outlet = { ...idle, toxic: {}, write: done, end: done, cut: done, reset: done }
    const startedAt = now()
    const pipe = kindOf(type).pipe(outlet, attributes)
    start(pipe)
  })
}

/** A pipe that receives one chunk at a time. */
function open(
  type: string,
  attributes: Settings,
): { readonly pipe: Pipe<Settings>; readonly timeFor: (bytes: number) => Promise<number> } {
  let wrote: () => void = () => undefined
  const pipe = kindOf(type).pipe({ ...idle, toxic: {}, write: () => wrote() }, attributes)
  return {
    pipe,
    timeFor: (bytes) =>
      new Promise((resolve) => {
        const startedAt = now()
        wrote = () => resolve(now() - startedAt)
        pipe.write({ data: Buffer.alloc(bytes), readAt: now() })
      }),
  }
}

describe('toxics are never early, not even by a part of a millisecond', () => {
  for (const [type, attributes, start, effects] of waiting) {
    const after = start === ends ? ' after the end' : start === nothing ? ' of silence' : ''
    it(`${type}${after}`, async () => {
      // Concurrently, so that they start at every part of a millisecond.
      const took = await Promise.all(
        Array.from({ length: 200 }, async (_, index) => {
          await new Promise((resolve) => setTimeout(resolve, index % 20))
          return measure(type, attributes, start, effects)
        }),
      )
      expect(Math.min(...took)).to.be.at.least(ms)
    })
  }

  // At 1 KB/s a chunk takes one ms per byte, wherever in the pause after the last one it arrives.
  for (const type of ['bandwidth', 'shared_bandwidth']) {
    it(`${type}, each chunk after a pause`, async () => {
      const took = await Promise.all(
        Array.from({ length: 50 }, async (_, index) => {
          const times: number[] = []
          const pauses = [0, 1, 2, 3, 4, 5, 6, 7].map((pause) => pause + index / 50)
          const line = open(type, { rate: 1 })
          for (const pause of pauses) {
            await new Promise((resolve) => callAt(now() + pause, () => resolve(null)))
            times.push(await line.timeFor(4))
          }
          line.pipe.dispose()
          return Math.min(...times)
        }),
      )
      expect(Math.min(...took)).to.be.at.least(4)
    })
  }
})
