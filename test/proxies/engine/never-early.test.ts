import { expect } from 'chai'

import { now } from '../../../proxies/engine/clock.ts'
import { toxicTypes } from '../../../proxies/engine/toxics/index.ts'
import type { Pipe, Settings } from '../../../proxies/engine/toxics/toxic.ts'

const ms = 12

type Start = (pipe: Pipe<Settings>) => void
const writes =
  (bytes: number): Start =>
  (pipe) =>
    pipe.write({ data: Buffer.alloc(bytes), at: now() })
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

/** How long it takes to the awaited deed, by the clock that the engine goes by. */
function measure(type: string, attributes: Settings, start: Start, deeds: number): Promise<number> {
  const kind = toxicTypes.get(type)
  if (kind === undefined) throw new Error(`there is no ${type}`)
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
    const outlet = {
      write: done,
      end: done,
      reset: done,
      drained: () => undefined,
      random: () => 0.5,
      toxic: {},
    }
    const began = now()
    const pipe = kind.pipe(outlet, attributes)
    start(pipe)
  })
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
})
