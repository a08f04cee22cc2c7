import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'

const project = fileURLToPath(new URL('../..', import.meta.url))

describe('scripts/lint-commits', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'streamproof-commits-'))
    mkdirSync(join(folder, 'scripts'))
    cpSync(join(project, 'scripts/lint-commits.mjs'), join(folder, 'scripts/lint-commits.mjs'))
    cpSync(join(project, 'commitlint.config.mjs'), join(folder, 'commitlint.config.mjs'))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'), 'dir')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('accepts a type, a scope, an imperative and a body', () => {
    begin()
    commit('fix(peers): close the socket when the handshake fails\n\nIt stayed open until the run ended.')
    expect(lint()).to.deep.include({ status: 0 })
    expect(lint().output).to.include('commit messages: 1 linted')
  })

  it('rejects a message that breaks a rule, and says which', () => {
    begin()
    const complaints = {
      'fix: close the socket\n\nWhy.': 'scope may not be empty',
      'fix(peers): close the socket': 'body may not be empty',
      'house(peers): close the socket\n\nWhy.': 'type must be one of',
      'fix(peers): closed the socket\n\nWhy.': 'subject must begin with an imperative',
      'fix(peers): closes the socket\n\nWhy.': 'subject must begin with an imperative',
      [`fix(peers): ${'x'.repeat(61)}\n\nWhy.`]: 'header must not be longer than 72 characters',
    }
    for (const message of Object.keys(complaints)) commit(message)
    const { status, output } = lint()
    expect(status).to.equal(1)
    expect(output).to.include('error: commit messages break the rules.')
    const sections = output.split('input: ').slice(1)
    expect(sections).to.have.length(6)
    for (const [message, complaint] of Object.entries(complaints)) {
      const subject = message.split('\n')[0]
      expect(sections.find((section) => section.startsWith(`${subject}\n`))).to.include(complaint)
    }
  })

  it('ignores the commits that were made before the rules', () => {
    git('init', '--quiet')
    git('add', 'package.json')
    commit('whatever it was')
    git('add', 'commitlint.config.mjs')
    commit('add rules')
    expect(lint().output).to.match(/not linted, because the history has no commit after [0-9a-f]{10}/)
  })

  it('lints what a shallow clone has', () => {
    begin()
    commit('fix(peers): close the socket\n\nWhy.')
    commit('no rule is followed here')
    const clone = `${folder}-clone`
    try {
      git('clone', '--quiet', '--depth', '1', `file://${folder}`, clone)
      symlinkSync(join(project, 'node_modules'), join(clone, 'node_modules'), 'dir')
      expect(lint(clone).output).to.include('not linted, because the history has no commit after')
    } finally {
      rmSync(clone, { recursive: true, force: true })
    }
  })

  it('lints nothing without git history', () => {
    expect(lint()).to.deep.equal({
      status: 0,
      output: 'commit messages: not linted, because there is no git history here\n',
    })
  })

  /** A repository whose first commit adds the rules. */
  function begin(): void {
    git('init', '--quiet')
    git('add', 'commitlint.config.mjs', 'package.json', 'scripts')
    commit('add rules')
  }

  function commit(message: string): void {
    git(
      '-c',
      'user.name=A',
      '-c',
      'user.email=a@example.com',
      'commit',
      '--quiet',
      '--allow-empty',
      '-m',
      message,
    )
  }

  function git(...words: string[]): void {
    execFileSync('git', words, { cwd: folder, stdio: 'ignore' })
  }

  function lint(where = folder): { status: number | null; output: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/lint-commits.mjs'], {
      cwd: where,
      encoding: 'utf8',
      env: {
        ...process.env,
        // A hook that runs the tests sets GIT_DIR for its own repository.
        GIT_DIR: undefined,
        GIT_CEILING_DIRECTORIES: tmpdir(),
        // CI asks for colours, and they would be inside the lines that are looked for.
        FORCE_COLOR: undefined,
        NO_COLOR: '1',
      },
    })
    return { status, output: stdout + stderr }
  }
})
