import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { loadCatalogue } from '#suites/index'

const text = readFileSync(new URL('../../docs/rules.md', import.meta.url), 'utf8')
const documented = [...text.matchAll(/^- ((?:`[a-z0-9-]+`(?:, )?)+):/gm)].flatMap(([, names]) =>
  [...(names ?? '').matchAll(/`([a-z0-9-]+)`/g)].map(([, name]) => name ?? ''),
)

describe('rules of our own', () => {
  it('are SHOULDs at most, and each has its reason in docs/rules.md, which has no others', async () => {
    const { checks } = await loadCatalogue()
    const own = checks.filter(({ clause }) => clause.spec === 'STREAMPROOF')
    expect(own.filter(({ level }) => level === 'MUST').map(({ id }) => id)).to.deep.equal([])
    const used = new Set(own.map(({ clause }) => clause.section))
    expect(documented.toSorted()).to.deep.equal([...used].toSorted())
  })
})
