import { readFileSync } from 'node:fs'
import { expect } from 'chai'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

/** Without indentation: the guide shows parts of checks at the left margin. */
const unindented = (code: string): string => code.replaceAll(/^ +/gm, '')

/** Every code block in TypeScript, with the source file that the guide names in it or before it. */
const blocks = [
  ...read('docs/adding-a-check.md').matchAll(/(?:`(\S+\.ts)`:\n\n)?```ts\n(?:\/\/ (\S+\.ts)\n)?(.*?)```/gs),
].map(([, before, inside, code = '']) => ({ path: before ?? inside, code }))

describe('docs/adding-a-check.md', () => {
  it('shows three pieces of code, and names the source file of each', () => {
    expect(blocks.map(({ path }) => path)).to.deep.equal([
      'suites/websocket/5.5-control-frames.ts',
      'suites/websocket/5.5-control-frames.ts',
      'suites/websocket/faults-slow-links.ts',
    ])
  })

  for (const { path = '', code } of blocks) {
    it(`shows code that is in ${path}: ${code.split('\n')[0]}`, () => {
      expect(`\n${unindented(read(path))}`).to.include(`\n${unindented(code)}`)
    })
  }
})
