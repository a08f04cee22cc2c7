import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'

const project = fileURLToPath(new URL('../..', import.meta.url))

interface Allowed {
  readonly file: string
  readonly text: string
  readonly reason?: string
}

describe('scripts/vocabulary', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'streamproof-vocabulary-'))
    write('scripts/.gitignore', '*')
    cpSync(join(project, 'scripts/vocabulary.mjs'), join(folder, 'scripts/vocabulary.mjs'))
    execFileSync('git', ['init', '--quiet'], { cwd: folder, env: environment() })
    allow()
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('finds a word in a comment, in a string, inside a name, and in Markdown', () => {
    write('comment.ts', '// A gizmo.\n')
    write('string.ts', "\nexport const text = 'two Gizmos'\n")
    write('name.ts', 'export const wasGizmo = 1\nexport const GIZMO_COUNT = 2\n')
    write('docs/guide.md', 'It is what it is.\n')
    expect(search()).to.deep.equal({
      status: 1,
      lines: [
        'comment.ts:1: "gizmo" in: // A gizmo.',
        'docs/guide.md:1: "is what" in: It is what it is.',
        'name.ts:1: "Gizmo" in: export const wasGizmo = 1',
        'name.ts:2: "GIZMO" in: export const GIZMO_COUNT = 2',
        `string.ts:2: "Gizmos" in: export const text = 'two Gizmos'`,
        'vocabulary: 5 hits in 4 of 4 files',
        'error: reword these lines with the words of docs/glossary.md. If the word is right where it is, add an entry with a reason to "allowed" in scripts/vocabulary.json.',
      ],
    })
  })

  it('finds no word that is only a part of another, and none in a URL or a generated file', () => {
    write('part.ts', '// gizmology, and https://gizmo.example/gizmo\n')
    write('docs/generated.md', 'A gizmo.\n')
    expect(search()).to.deep.equal({ status: 0, lines: ['vocabulary: 0 hits in 0 of 1 files'] })
  })

  it('allows a phrase in its own file alone', () => {
    allow({ file: 'a.ts', text: 'the gizmo of', reason: 'A name of that library.' })
    write('a.ts', '// the gizmo of socket.io\n')
    write('b.ts', '// the gizmo of socket.io\n')
    expect(search().lines.slice(0, -1)).to.deep.equal([
      'b.ts:1: "gizmo" in: // the gizmo of socket.io',
      'vocabulary: 1 hits in 1 of 2 files',
    ])
  })

  it('allows the words inside the phrase, and no other in the same line', () => {
    allow({ file: 'a.ts', text: 'the gizmo of', reason: 'A name of that library.' })
    write('a.ts', '// the gizmo of socket.io is a gizmo\n')
    expect(search().lines[1]).to.equal('vocabulary: 1 hits in 1 of 1 files')
  })

  it('rejects an entry that nothing needs, and one without a reason', () => {
    allow(
      { file: 'a.ts', text: 'the gizmo', reason: 'A name of that library.' },
      { file: 'b.ts', text: 'a gizmo' },
    )
    write('b.ts', '// a gizmo\n')
    expect(search()).to.deep.equal({
      status: 1,
      lines: [
        'scripts/vocabulary.json: an entry for b.ts has no reason',
        'scripts/vocabulary.json: nothing in a.ts needs "the gizmo"; remove the entry',
        'vocabulary: 0 hits in 0 of 1 files',
      ],
    })
  })

  it('searches nothing outside a repository, and says so', () => {
    rmSync(join(folder, '.git'), { recursive: true })
    write('comment.ts', '// A gizmo.\n')
    expect(search()).to.deep.equal({
      status: 0,
      lines: ['vocabulary: not searched, because git does not list the files here'],
    })
  })

  it('has a reason for every entry of this project', () => {
    const { allowed, generated } = JSON.parse(
      readFileSync(join(project, 'scripts/vocabulary.json'), 'utf8'),
    ) as {
      allowed: Allowed[]
      generated: Allowed[]
    }
    expect(
      [...allowed, ...generated].filter(({ reason = '' }) => !/^[A-Z].{10,}\.$/.test(reason)),
    ).to.deep.equal([])
  })

  function allow(...allowed: Allowed[]): void {
    const vocabulary = {
      words: ['gizmo', 'gizmos'],
      phrases: ['is what'],
      generated: [{ file: 'docs/generated.md', reason: 'Generated.' }],
      allowed,
    }
    write('scripts/vocabulary.json', JSON.stringify(vocabulary))
  }

  function write(file: string, text: string): void {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }

  /** Without the variables that a git hook sets for its own repository. */
  function environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      GIT_DIR: undefined,
      GIT_INDEX_FILE: undefined,
      GIT_CEILING_DIRECTORIES: tmpdir(),
    }
  }

  function search(): { status: number | null; lines: string[] } {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/vocabulary.mjs'], {
      cwd: folder,
      encoding: 'utf8',
      env: environment(),
    })
    return { status, lines: (stdout + stderr).trimEnd().split('\n') }
  }
})
