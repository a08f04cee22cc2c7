import { expect } from 'chai'
import { ConcurrencyLimit, hasFreeSlot } from '#run/schedule/concurrency-limit'

/** `refused`: by an attempt that began at `startedAt`, while so many checks ran. `succeeded`: so many attempts. */
type Event =
  | readonly ['refused', { readonly startedAt: number; readonly running: number; readonly now: number }]
  | readonly ['succeeded', attempts: number]

const specification: readonly {
  readonly title: string
  readonly max: number
  readonly rows: readonly (readonly [event: Event, limit: number])[]
}[] = [
  {
    title: 'halves when the target refuses a connection',
    max: 16,
    rows: [
      [['refused', { startedAt: 0, running: 16, now: 1 }], 8],
      [['refused', { startedAt: 2, running: 8, now: 3 }], 4],
    ],
  },
  {
    title: 'halves once for all attempts that ran at the time',
    max: 16,
    rows: [
      [['refused', { startedAt: 0, running: 16, now: 5 }], 8],
      [['refused', { startedAt: 0, running: 15, now: 6 }], 8],
      [['refused', { startedAt: 5, running: 15, now: 7 }], 8],
    ],
  },
  {
    title: 'halves what ran, if that was less than the limit',
    max: 16,
    rows: [[['refused', { startedAt: 0, running: 6, now: 1 }], 3]],
  },
  {
    title: 'rises by one after three successes per slot, with no refusal between them',
    max: 16,
    rows: [
      [['refused', { startedAt: 0, running: 16, now: 5 }], 8],
      [['succeeded', 23], 8],
      [['succeeded', 1], 9],
      [['succeeded', 26], 9],
      [['refused', { startedAt: 4, running: 9, now: 6 }], 9],
      [['succeeded', 26], 9],
      [['succeeded', 1], 10],
    ],
  },
  {
    title: 'is never less than one, nor more than at the start',
    max: 2,
    rows: [
      [['succeeded', 50], 2],
      [['refused', { startedAt: 0, running: 2, now: 1 }], 1],
      [['refused', { startedAt: 2, running: 1, now: 3 }], 1],
      [['succeeded', 50], 2],
    ],
  },
]

describe('the concurrency limit', () => {
  for (const { title, max, rows } of specification) {
    it(title, () => {
      const limit = new ConcurrencyLimit(max)
      for (const [index, [event, value]] of rows.entries()) {
        if (event[0] === 'refused') limit.refused(event[1].startedAt, event[1].running, event[1].now)
        else for (let count = 0; count < event[1]; count += 1) limit.succeeded()
        expect(limit.value, `row ${index}`).to.equal(value)
        expect(limit.isLowered, `row ${index}`).to.equal(value < max)
      }
    })
  }
})

describe('the limits of the drivers', () => {
  for (const [title, target, running, limits, free] of [
    ['no driver has one', 0, [0, 0, 0], [null], true],
    ['its target has a free slot', 0, [0], [2], true],
    ['its target has none', 0, [0, 0], [2], false],
    ['only another target has none', 0, [1], [2, 1], true],
    ['it is about all targets, and one has none', null, [1], [2, 1], false],
    ['a check about all targets uses the only slot', 0, [null], [1, 1], false],
  ] as const) {
    it(`${free ? 'allow' : 'do not allow'} one more check: ${title}`, () => {
      expect(hasFreeSlot(target, running, limits)).to.equal(free)
    })
  }
})
