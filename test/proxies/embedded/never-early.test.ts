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

/** Toxics that wait: what is done to each, and how many of its deeds (a write, an end, a reset) it is until the awaited. */
const waiting: readonly (readonly [
  type: string,
  attributes: Readonly<Record<string, number>>,
  start: Start,
  deeds: number,
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
  if (kind === undefined) throw new Error(`there is no ${type}`)
  return kind
}

/** How long it takes to the awaited deed, by the clock that the engine goes by. */
function measure(type: string, attributes: Settings, start: Start, deeds: number): Promise<number> {
  return new Promise((resolve) => {
    let left = deeds
    const done = (): void => {
      left--
      if (left > 0) return
      const took = now() - began
      // Some go on by themselves.
      setImmediate(() => pipe.dispose())
      resolve(took)
    }
    const outlet = { ...idle, toxic: {}, write: done, end: done, cut: done, reset: done }
    const began = now()
    const pipe = kindOf(type).pipe(outlet, attributes)
    start(pipe)
  })
}

/** A pipe to which one chunk is given at a time. */
function open(
  type: string,
  attributes: Settings,
): { readonly pipe: Pipe<Settings>; readonly takes: (bytes: number) => Promise<number> } {
  let wrote: () => void = () => undefined
  const pipe = kindOf(type).pipe({ ...idle, toxic: {}, write: () => wrote() }, attributes)
  return {
    pipe,
    takes: (bytes) =>
      new Promise((resolve) => {
        const began = now()
        wrote = () => resolve(now() - began)
        pipe.write({ data: Buffer.alloc(bytes), readAt: now() })
      }),
  }
}

describe('engine toxics are never early by any part of a millisecond', () => {
  for (const [type, attributes, start, deeds] of waiting) {
    const after = start === ends ? ' after the end' : start === nothing ? ' of silence' : ''
    it(`${type}${after}`, async () => {
      // Beside each other, so that they begin at every part of a millisecond.
      const took = await Promise.all(
        Array.from({ length: 200 }, async (_, index) => {
          await new Promise((resolve) => setTimeout(resolve, index % 20))
          return measure(type, attributes, start, deeds)
        }),
      )
      expect(Math.min(...took)).to.be.at.least(ms)
    })
  }

  // At 1 KB/s a chunk of so many bytes takes as many ms, wherever in the pause behind the last one it comes.
  for (const type of ['bandwidth', 'shared_bandwidth']) {
    it(`${type}, each chunk behind a pause`, async () => {
      const took = await Promise.all(
        Array.from({ length: 50 }, async (_, index) => {
          const all: number[] = []
          const pauses = [0, 1, 2, 3, 4, 5, 6, 7].map((pause) => pause + index / 50)
          const line = open(type, { rate: 1 })
          for (const pause of pauses) {
            await new Promise((resolve) => callAt(now() + pause, () => resolve(null)))
            all.push(await line.takes(4))
          }
          line.pipe.dispose()
          return Math.min(...all)
        }),
      )
      expect(Math.min(...took)).to.be.at.least(4)
    })
  }
})
