// Lints the messages of the commits since the rules exist, that is, since commitlint.config.mjs was added. In a shallow
// clone the history begins with its oldest commit; without git history there is nothing to lint, and it says so.
import { execFileSync, spawnSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const config = 'commitlint.config.mjs'
const root = realpathSync(fileURLToPath(new URL('..', import.meta.url)))

process.exitCode = lint()

function lint() {
  const folder = git('rev-parse', '--show-toplevel')
  if (folder === null || realpathSync(folder) !== root) return skip('there is no git history here')
  // The oldest commit that added the rules. The oldest commit of a shallow clone adds every file.
  const base = git('log', '--diff-filter=A', '--format=%H', '--', config)?.split('\n').at(-1)
  if (!base) return skip(`${config} is not committed`)
  const count = Number(git('rev-list', '--no-merges', '--count', `${base}..HEAD`))
  if (count === 0) return skip(`the history has no commit after ${base.slice(0, 10)}, where the rules begin`)

  const cli = join(dirname(createRequire(import.meta.url).resolve('@commitlint/cli/package.json')), 'cli.js')
  const { status } = spawnSync(process.execPath, [cli, '--config', config, '--from', base, '--to', 'HEAD'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (status === 0) console.log(`commit messages: ${count} linted, all follow ${config}`)
  else
    console.error(
      'error: commit messages break the rules. Reword them with `git commit --amend` or `git rebase -i`: ' +
        'type(scope): imperative, at most 72 characters, then a blank line and a body that says why.',
    )
  return status ?? 1
}

function skip(reason) {
  console.log(`commit messages: not linted, because ${reason}`)
  return 0
}

/** What git prints, trimmed; null if it fails or is not installed. */
function git(...words) {
  try {
    return execFileSync('git', words, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return null
  }
}
