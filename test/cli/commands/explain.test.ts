import { expect } from 'chai'
import { loadCatalogue } from '#suites/index'
import { streamproof } from '../support/in-process.ts'
import { temporaryFolder } from '../support/temporary.ts'

describe('cli: explain', () => {
  it('explains each check, with the mutants that it fails on', async () => {
    using folder = temporaryFolder()
    for (const { id, title, mutants: named } of (await loadCatalogue()).checks) {
      const { status, out } = await streamproof(['explain', id], folder.path)
      expect(status).to.equal(0)
      expect(out).to.include(title)
      for (const name of named) expect(out).to.include(name)
    }
  })
})
