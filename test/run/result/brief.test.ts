import { expect } from 'chai'
import type { Result } from '#model/result'
import { briefEntries, inBrief } from '#run/result/brief'
import { Violation } from '#model/errors'
import { judge } from '#model/judge'
import { resultOf } from '#run/result/result'
import { fake } from '../fakes.ts'

const entry = (index: number): Result['transcript'][number] => ({
  ms: index,
  from: 'target',
  kind: 'event',
  note: `event ${index}`,
  hex: null,
})
const entries = (count: number) => Array.from({ length: count }, (_, index) => entry(index))

describe('a shortened transcript', () => {
  it('is the transcript itself if that is short', () => {
    for (const count of [0, 1, briefEntries]) expect(inBrief(entries(count))).to.deep.equal(entries(count))
  })

  it('keeps both ends and says how many entries are missing', () => {
    const brief = inBrief(entries(100))
    expect(brief).to.have.length(briefEntries)
    expect(brief.slice(0, 12)).to.deep.equal(entries(12))
    expect(brief.slice(13)).to.deep.equal(entries(100).slice(89))
    expect(brief[12]).to.deep.equal({
      ms: 89,
      from: 'harness',
      kind: 'note',
      note: '77 entries left out',
      hex: null,
    })
    expect(inBrief(entries(25))[12]?.note).to.equal('2 entries left out')
  })

  it('counts entries that were left out before', () => {
    const gap = { ...entry(50), from: 'harness', kind: 'note', note: '1000 entries left out' } as const
    const long = [...entries(50), gap, ...entries(50)]
    expect(inBrief(long)[12]?.note).to.equal('1077 entries left out')
  })

  it('belongs to a check that passed at once, and to no other', () => {
    const check = fake('brief', () => undefined)
    const evidence = { close: null, faults: [], measured: {}, transcript: entries(100) }
    const kept = (over: Partial<Parameters<typeof resultOf>[0]>) =>
      resultOf(
        {
          check,
          target: 0,
          outcome: { kind: 'held' },
          attempts: { total: 1, failed: 0 },
          evidence,
          durationMs: 1,
          ...over,
        },
        'streamproof run',
        1,
      ).transcript.length
    expect(kept({})).to.equal(briefEntries)
    expect(kept({ attempts: { total: 2, failed: 1 } })).to.equal(100)
    const outcome = { kind: 'violated', violation: new Violation('a', 'b') } as const
    expect(judge(check.level, outcome)).to.equal('fail')
    expect(kept({ outcome })).to.equal(100)
  })
})
