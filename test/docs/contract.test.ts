import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { flagOf, optionsOf } from '#cli/config/options'
import { capabilitiesOf } from '#model/protocol'
import { protocols } from '#protocols/index'
import { contractShape } from '#target/contract/contract'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

/** The cells of every row of the tables in a document. */
function rowsOf(document: string): string[][] {
  return [...read(document).matchAll(/^\| (.*) \|$/gm)].map(([, row = '']) => row.split(' | '))
}

/** Every text between backticks. */
const codeIn = (cell: string): string[] => [...cell.matchAll(/`([^`]*)`/g)].map(([, code = '']) => code)

/** Replaces the rows of the table of capabilities. */
function writeTable(rows: readonly (readonly string[])[]): void {
  const lines = rows.map((cells) => `| ${cells.join(' | ')} |\n`).join('')
  const page = read('docs/contract.md').replace(
    /^(\| capability \|.*\n\|[-|]+\|\n)(?:\|.*\n)+/m,
    (_, head: string) => head + lines,
  )
  writeFileSync(new URL('../../docs/contract.md', import.meta.url), page)
}

describe('docs/contract.md', () => {
  it('has a row for every capability, in the words that doctor and explain print', () => {
    const names = Object.keys(capabilitiesOf(protocols))
    const expected = Object.entries(capabilitiesOf(protocols)).map(([name, { meaning, enable }]) => [
      `\`${name}\``,
      meaning,
      enable.replace(` (${name})`, ''),
    ])
    if (process.env['UPDATE_SNAPSHOTS'] === '1' && process.env['CI'] === undefined) writeTable(expected)
    const rows = rowsOf('docs/contract.md').filter(([cell = '']) => names.includes(codeIn(cell)[0] ?? ''))
    expect(rows).to.deep.equal(expected)
  })

  it('describes every key of the contract', () => {
    const described = rowsOf('docs/contract.md').flatMap(([cell = '']) => codeIn(cell))
    expect(described).to.include.members(Object.keys(contractShape(protocols)))
  })
})

describe('README.md', () => {
  it('describes every option of run, and no other', () => {
    const described = rowsOf('README.md')
      .flatMap(([cell = '']) => codeIn(cell))
      .flatMap((code) => /^--[a-z-]+/.exec(code)?.[0] ?? [])
    const flags = [...optionsOf(protocols).keys()].map(flagOf)
    expect(described.toSorted()).to.deep.equal([...flags, '--config'].toSorted())
  })
})
