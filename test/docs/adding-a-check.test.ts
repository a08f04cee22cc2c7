import { readFileSync } from 'node:fs'
import { expect } from 'chai'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

/** Code blocks of a guide whose first line is a comment with the path of a source file. */
const blocks = [...read('docs/adding-a-check.md').matchAll(/```ts\n\/\/ (\S+\.ts)\n(.*?)```/gs)].map(
  ([, path = '', code = '']) => ({ path, code }),
)

describe('docs/adding-a-check.md', () => {
  it('shows the smallest check', () => {
    expect(blocks.map(({ path }) => path)).to.include('suites/websocket/5.5-control-frames.ts')
  })

  for (const { path, code } of blocks) {
    it(`shows code that is in ${path}`, () => {
      expect(`\n${read(path)}`).to.include(`\n${code}`)
    })
  }
})
