import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { capabilitiesOf } from '#model/protocol'
import { protocols } from '#protocols/index'
import { clauseName } from '#model/clause'
import { mutants } from '#reference/mutants'
import { loadCatalogue } from '#suites/index'

/** Other people rely on ids, levels and clauses: a change must be visible in review. */
const snapshot = new URL('catalogue.json', import.meta.url)

const suites = new URL('../../suites/', import.meta.url)
const sources = readdirSync(suites, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(new URL(name.replaceAll('\\', '/'), suites), 'utf8'))

describe('the catalogue', () => {
  it('keeps every id, its level and its clause', async () => {
    const { checks } = await loadCatalogue()
    const now = Object.fromEntries(checks.map((one) => [one.id, `${one.level} ${clauseName(one.clause)}`]))
    if (process.env['UPDATE_SNAPSHOTS'] === '1' && process.env['CI'] === undefined) {
      writeFileSync(snapshot, `${JSON.stringify(now, null, 2)}\n`)
    }
    expect(now).to.deep.equal(JSON.parse(readFileSync(snapshot, 'utf8')))
  })

  it('has titles of at most 70 characters, each used once', async () => {
    const { checks } = await loadCatalogue()
    expect(checks.filter(({ title }) => title.length > 70).map(({ id }) => id)).to.deep.equal([])
    const titles = checks.map(({ title }) => title)
    expect(titles.filter((title, index) => titles.indexOf(title) !== index)).to.deep.equal([])
  })

  it('has titles that a search in the sources finds as one literal', async () => {
    const { checks } = await loadCatalogue()
    const literal = (title: string): boolean =>
      sources.some((source) => source.includes(`'${title}'`) || source.includes(`"${title}"`))
    expect(checks.filter(({ title }) => !literal(title)).map(({ id }) => id)).to.deep.equal([])
  })

  it('names existing mutants only, and every mutant at least once', async () => {
    const { checks } = await loadCatalogue()
    const named = new Set(checks.flatMap((one) => one.mutants))
    const existing = new Set(mutants.map((one) => one.name))
    expect([...named].filter((name) => !existing.has(name))).to.deep.equal([])
    expect([...existing].filter((name) => !named.has(name))).to.deep.equal([])
  })

  it('names existing expectations only', async () => {
    const { checks, expectations } = await loadCatalogue()
    const known = new Set(expectations.map((one) => one.id))
    expect(known.size).to.equal(23)
    const named = checks.flatMap((one) => one.expectations ?? [])
    expect(named.filter((id) => !known.has(id))).to.deep.equal([])
  })

  it('uses every capability that discovery finds, except those that are reported only', async () => {
    const { checks } = await loadCatalogue()
    const needed = new Set(checks.flatMap((one) => one.needs ?? []))
    const reportedOnly = ['sse.heartbeat', 'sse.endless']
    expect(
      Object.keys(capabilitiesOf(protocols)).filter((one) => !needed.has(one) && !reportedOnly.includes(one)),
    ).to.deep.equal([])
  })

  it('requires endless streams for every check that compares a client with a witness', async () => {
    const { checks } = await loadCatalogue()
    const watched = checks.filter(({ id }) => /^sse\/(resume|reconnection)\//.test(id))
    expect(watched).not.to.deep.equal([])
    const lacking = watched.filter(({ needs }) => needs?.includes('sse.endless') !== true)
    expect(lacking.map(({ id }) => id)).to.deep.equal([])
  })

  it('expects less than 10 s for all exclusive checks together', async () => {
    const { checks } = await loadCatalogue()
    expect(checks.reduce((sum, one) => sum + (one.expectedDurationMs ?? 0), 0)).to.be.below(10_000)
  })

  it('has no MUST among the STREAMPROOF rules', async () => {
    const { checks } = await loadCatalogue()
    const wrong = checks.filter((one) => one.clause.spec === 'STREAMPROOF' && one.level === 'MUST')
    expect(wrong.map((one) => one.id)).to.deep.equal([])
  })
})
