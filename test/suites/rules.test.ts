import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { loadCatalogue } from '#suites/index'

const text = readFileSync(new URL('../../docs/rules.md', import.meta.url), 'utf8')
const documented = [...text.matchAll(/^- ((?:`[a-z0-9-]+`(?:, )?)+):/gm)].flatMap(([, names]) =>
  [...(names ?? '').matchAll(/`([a-z0-9-]+)`/g)].map(([, name]) => name ?? ''),
)

describe('STREAMPROOF rules', () => {
  it('are SHOULD at most; docs/rules.md gives a reason for each and for no other', async () => {
    const { checks } = await loadCatalogue()
    const ruleChecks = checks.filter(({ clause }) => clause.spec === 'STREAMPROOF')
    expect(ruleChecks.filter(({ level }) => level === 'MUST').map(({ id }) => id)).to.deep.equal([])
    const used = new Set(ruleChecks.map(({ clause }) => clause.section))
    expect(documented.toSorted()).to.deep.equal([...used].toSorted())
  })
})
