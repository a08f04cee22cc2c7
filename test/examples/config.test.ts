import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { configure } from '#cli/config/configuration'
import { protocols } from '#protocols/index'
import { resolveTargetsOf } from '#target/contract/contract'
import { top } from '../built.ts'
import { temporaryFolder } from '../cli/support/temporary.ts'

const read = (path: string): string => readFileSync(join(top, path), 'utf8')

/** The config files that a document shows. */
const shown = (document: string): string[] =>
  [...read(document).matchAll(/```js\n(.*?)```/gs)]
    .map(([, code = '']) => code)
    .filter((code) => code.includes('export default'))

describe('the examples of config files', () => {
  const examples: readonly (readonly [title: string, name: string, text: string])[] = [
    ...['streamproof.config.mjs', 'streamproof.config.json'].map(
      (name) => [name, name, read(`examples/${name}`)] as const,
    ),
    ...['README.md', 'docs/contract.md'].flatMap((document) =>
      shown(document).map((code) => [document, 'streamproof.config.mjs', code] as const),
    ),
  ]

  it('are two files and one in each document', () => expect(examples).to.have.length(4))

  for (const [title, name, text] of examples) {
    it(`${title} is valid, and names a target and how to publish`, async () => {
      using folder = temporaryFolder({ [name]: text })
      const { contract, file } = await configure(
        {
          positional: [],
          flags: {},
          env: {},
          folder: folder.path,
        },
        protocols,
      )
      expect(file).to.equal(name)
      const published = resolveTargetsOf(protocols, contract).filter(
        ({ endpoint }) => endpoint?.publish != null,
      )
      expect(published.map(({ protocol }) => protocol)).to.deep.equal(['sse'])
    })
  }
})
