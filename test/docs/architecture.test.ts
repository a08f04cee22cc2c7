import { existsSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { expect } from 'chai'
import { top } from '../built.ts'

const page = readFileSync(join(top, 'docs/architecture.md'), 'utf8')
const { imports: subpaths } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8')) as {
  readonly imports: Readonly<Record<string, string>>
}

interface Step {
  readonly file: string
  /** The file before does not import it: it is loaded by name, or given as a value. */
  readonly isIndirect: boolean
}

/** The numbered steps under a heading. */
function journey(heading: string): readonly Step[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(heading)) ?? ''
  return [...section.matchAll(/^\d+\. `([^`]+)`(.*)$/gm)].map(([, file = '', words = '']) => ({
    file,
    isIndirect: /\((loaded by name|given as a value)\)/.test(words),
  }))
}

/** The files of this package that a file imports, dynamic imports included. */
function importsOf(file: string): ReadonlySet<string> {
  const text = readFileSync(join(top, file), 'utf8')
  const paths = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)].map(([, path = '']) => path)
  return new Set(
    paths.map((path) => (path.startsWith('#') ? subpath(path) : posix.join(posix.dirname(file), path))),
  )
}

function subpath(path: string): string {
  const exact = subpaths[path]
  const [area, ...rest] = path.split('/')
  const target = exact ?? subpaths[`${area}/*`]?.replace('*', rest.join('/')) ?? path
  return target.replace(/^\.\//, '')
}

describe('docs/architecture.md', () => {
  const journeys = [
    ['From a URL to a report', 40],
    ['One resume check under a cut', 25],
  ] as const

  for (const [heading, most] of journeys) {
    describe(heading, () => {
      const steps = journey(heading)

      it(`takes at most ${most} files, each of them once`, () => {
        const files = steps.map(({ file }) => file)
        expect(files.length).to.be.within(10, most)
        expect(files).to.deep.equal([...new Set(files)])
      })

      it('lists files that exist', () => {
        expect(steps.filter(({ file }) => !existsSync(join(top, file)))).to.deep.equal([])
      })

      it('comes to every file from one that was listed before', () => {
        const astray = steps.slice(1).filter(({ file, isIndirect }, index) => {
          const before = steps.slice(0, index + 1)
          return !isIndirect && !before.some((step) => importsOf(step.file).has(file))
        })
        expect(astray.map(({ file }) => file)).to.deep.equal([])
      })
    })
  }
})
