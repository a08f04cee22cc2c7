import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { documentOf } from '../real/document.ts'
import { committed } from '../real/expected.ts'
import { recipes } from '../real/servers.ts'

const page = new URL('../../docs/real-servers.md', import.meta.url)

describe('docs/real-servers.md', () => {
  it('is generated from the committed expectations', () => {
    const text = documentOf(recipes.map((recipe) => ({ recipe, expected: committed(recipe.name) })))
    if (process.env['UPDATE_SNAPSHOTS'] === '1' && process.env['CI'] === undefined) writeFileSync(page, text)
    expect(readFileSync(page, 'utf8')).to.equal(text)
  })
})
