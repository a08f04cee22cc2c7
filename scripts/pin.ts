// Updates the committed files that follow from the sources: `npm run pin`, or `npm run pin -- ids page` for some of them.
// With --plan it prints what it would run. It names what it cannot update on this machine; CI compares that.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { recipes } from '../test/real/servers.ts'
import { pinNames, planPins } from './pin/plan.ts'
import type { PinName } from './pin/plan.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

process.exitCode = pin(process.argv.slice(2))

/** @returns the exit status: 1 if a step failed, 2 for a wrong command line or in CI. */
function pin(words: readonly string[]): number {
  const wanted = words.filter((word) => word !== '--plan')
  const unknown = wanted.filter((word) => !isPinName(word))
  if (unknown.length > 0) {
    console.error(`Unknown: ${unknown.join(', ')}. Pass ${pinNames.join(', ')}, or nothing for all.`)
    return 2
  }
  const isPlanOnly = words.includes('--plan')
  if (process.env['CI'] !== undefined && !isPlanOnly) {
    console.error('The environment has CI: CI compares the committed files, and never updates them.')
    return 2
  }
  const { steps, unpinned } = planPins(
    {
      servers: recipes.map((recipe) => ({ name: recipe.name, missing: recipe.missing() })),
      hasServerPackages: existsSync(new URL('../test/real/node_modules', import.meta.url)),
      hasToxiproxy: spawnSync('toxiproxy-server', ['-version'], { stdio: 'ignore' }).status === 0,
    },
    wanted.filter(isPinName),
  )
  const failed = steps.filter(({ name, title, args, env }) => {
    console.log(`\n== ${name}: ${title}`)
    if (isPlanOnly) return false
    const options = { cwd: root, env: { ...process.env, ...env }, stdio: 'inherit' } as const
    return spawnSync(process.execPath, args, options).status !== 0
  })
  console.log('')
  for (const { what, reason } of unpinned) console.log(`not updated: ${what}: ${reason}`)
  for (const { name } of failed) console.error(`failed: ${name}; see above`)
  if (!isPlanOnly) console.log('Read what changed (`git diff`) before you commit it.')
  return failed.length > 0 ? 1 : 0
}

function isPinName(word: string): word is PinName {
  return (pinNames as readonly string[]).includes(word)
}
