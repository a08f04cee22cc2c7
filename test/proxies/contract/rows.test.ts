import { readFileSync } from 'node:fs'

import { expect } from 'chai'

import { rowCount } from './contract.ts'
import './metrics.test.ts'
import './populate.test.ts'
import './proxies.test.ts'
import './toxics.test.ts'
import './traffic.test.ts'
import './transport.test.ts'

describe('the contract', () => {
  it('has as many rows as the documentation says', () => {
    const text = readFileSync(new URL('../../../docs/engine.md', import.meta.url), 'utf8')
    const said = Number(/One contract of (\d+) rows/.exec(text)?.[1])
    expect(rowCount()).to.equal(said)
  })
})
