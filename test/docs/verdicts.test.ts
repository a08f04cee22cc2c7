import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { inconclusiveReasons } from '#model/errors'
import { verdicts } from '#model/model'
import { expectations } from '#suites/expectations'

/** The first two cells of every row of the tables in a document. */
function rowsOf(document: string): readonly (readonly [first: string, second: string])[] {
  const text = readFileSync(new URL(`../../docs/${document}`, import.meta.url), 'utf8')
  return [...text.matchAll(/^\| (.*?) \| (.*?) \|/gm)].map(([, first = '', second = '']) => [first, second])
}

describe('docs/verdicts.md', () => {
  it('explains every verdict and every reason for inconclusive', () => {
    const words = rowsOf('verdicts.md').flatMap(([first]) => /^`(.*)`$/.exec(first)?.[1] ?? [])
    expect(words.toSorted()).to.deep.equal([...verdicts, ...inconclusiveReasons].toSorted())
  })
})

describe('docs/expectations.md', () => {
  it('lists every documented expectation with its statement', () => {
    const rows = rowsOf('expectations.md').filter(([id]) => id.startsWith('EXP-'))
    expect(rows.map(([id, statement]) => [id, statement.replaceAll('`', '')])).to.deep.equal(
      expectations.map(({ id, statement }) => [id, statement]),
    )
  })
})
