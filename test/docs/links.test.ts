import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const top = fileURLToPath(new URL('../../', import.meta.url))
const documents = [
  'README.md',
  ...readdirSync(join(top, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]

/** The anchor that GitHub gives to a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-')
}

/** Links to files and headings of the project that do not exist. */
function brokenLinks(document: string): string[] {
  const text = readFileSync(join(top, document), 'utf8').replaceAll(/^```.*?^```/gms, '')
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false
    const [path = '', anchor] = link.split('#')
    const file = path === '' ? join(top, document) : join(top, dirname(document), path)
    if (!existsSync(file)) return true
    if (anchor === undefined) return false
    const headings = [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(
      ([, heading = '']) => heading,
    )
    return !headings.some((heading) => anchorOf(heading) === anchor)
  })
}

describe('the documents', () => {
  for (const document of documents) {
    it(`${document} has no broken link`, () => {
      expect(brokenLinks(document)).to.deep.equal([])
    })
  }
})
