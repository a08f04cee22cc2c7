import { readFileSync } from 'node:fs'

import { expect } from 'chai'

import { rowIds } from './contract.ts'
import './metrics.test.ts'
import './populate.test.ts'
import './proxies.test.ts'
import './servers.test.ts'
import './toxics.test.ts'
import './traffic.test.ts'
import './transport.test.ts'

const page = (name: string): string =>
  readFileSync(new URL(`../../../docs/${name}.md`, import.meta.url), 'utf8')

/** The row ids of each line of the list. */
const lines = page('toxiproxy-contract')
  .split('\n## Not asserted')[0]
  ?.split('\n')
  .filter((line) => line.startsWith('| ') && line !== '| what a client sees | rows |')
  .map((line) => {
    const rows = line.slice(2, -2).split(' | ').at(-1) ?? ''
    return rows.split(', ').map((id) => id.slice(1, -1))
  })

describe('the contract', () => {
  it('has as many rows and statements as the documentation states', () => {
    const [, rows, statements] =
      /One contract of (\d+) rows[^]*lists the (\d+) statements/.exec(page('engine')) ?? []
    expect([rowIds().length, lines?.length]).to.deep.equal([Number(rows), Number(statements)])
  })

  it('is listed: every row in exactly one line, and no other rows', () => {
    expect(lines?.flat().toSorted()).to.deep.equal([...rowIds()].toSorted())
  })
})
