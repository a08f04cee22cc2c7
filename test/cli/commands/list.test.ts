import { expect } from 'chai'
import { loadCatalogue } from '#suites/index'
import { streamproof } from '../support/in-process.ts'
import { temporaryFolder } from '../support/temporary.ts'

describe('cli: list', () => {
  it('lists every section once, with every check of it in the order of the catalogue', async () => {
    using folder = temporaryFolder()
    const { status, out, err } = await streamproof(['list'], folder.path)
    expect({ status, err }).to.deep.equal({ status: 0, err: '' })
    const { checks } = await loadCatalogue()
    const titles = [...new Set(checks.map(({ section }) => section.title))]
    const expected = titles.map((title) => ({
      title,
      ids: checks.filter(({ section }) => section.title === title).map(({ id }) => id),
    }))
    const listed = out
      .split('\n\n')
      .slice(0, -1)
      .map((part) => part.split('\n'))
      .map(([title, ...lines]) => ({ title, ids: lines.map((line) => line.trim().split(' ')[0]) }))
    expect(listed).to.deep.equal(expected)
  })

  it('lists the checks that are selected by level, clause and id', async () => {
    using folder = temporaryFolder()
    const words = [
      'list',
      '--json',
      '--level',
      'must',
      '--clause',
      'rfc6455/5.5',
      '--skip',
      'ws/control/*-fragmented',
    ]
    const { out } = await streamproof(words, folder.path)
    const { checks } = JSON.parse(out) as {
      checks: readonly { id: string; level: string; clause: { section: string } }[]
    }
    expect(checks).not.to.have.length(0)
    for (const { id, level, clause } of checks) {
      expect(level).to.equal('MUST')
      expect(clause.section).to.match(/^5\.5(\.|$)/)
      expect(id).not.to.match(/-fragmented$/)
    }
  })

  it('adds up the expected duration of exclusive checks', async () => {
    using folder = temporaryFolder()
    const { out } = await streamproof(['list', '--json'], folder.path)
    const { exclusive, checks } = JSON.parse(out) as {
      exclusive: { checks: number; expectedDurationMs: number }
      checks: readonly { exclusive: string | null; expectedDurationMs: number | null }[]
    }
    const alone = checks.filter((check) => check.exclusive !== null)
    expect(exclusive.checks).to.equal(alone.length)
    expect(exclusive.expectedDurationMs).to.equal(
      alone.reduce((sum, { expectedDurationMs }) => sum + (expectedDurationMs ?? Number.NaN), 0),
    )
  })
})
