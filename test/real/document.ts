import { readFileSync } from 'node:fs'
import type { Expected, ExpectedResult } from './expected.ts'
import { isFailure } from './expected.ts'
import type { About, ServerRecipe } from './servers.ts'

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string }>>
}

const lock = JSON.parse(readFileSync(new URL('package-lock.json', import.meta.url), 'utf8')) as Lock

interface Subject {
  readonly recipe: Pick<ServerRecipe, 'name' | 'about'>
  readonly expected: Expected
}

/** The text of docs/real-servers.md, made from the committed expectations and the recipes. */
export function documentOf(subjects: readonly Subject[]): string {
  return `${[
    head,
    [
      '| server | version | pass | broken MUST | broken SHOULD | notice | blocked | not applicable |',
      '|---|---|---|---|---|---|---|---|',
      ...subjects.map(row),
    ].join('\n'),
    ...subjects.map(section),
  ].join('\n\n')}\n`
}

const head = `# Results of real servers

These servers are independent projects. They run in CI, each set up as its README or package describes, so that a wrong
verdict against one of them is noticed. This page is generated from the committed verdicts under
\`test/real/expectations\`, which also hold the bytes that prove each failure.
\`UPDATE_SNAPSHOTS=1 npx mocha --no-config --import=tsx/esm test/docs/real-servers.test.ts\` writes it.

All of these servers carry real traffic every day. Most of the list is leniency towards handshakes and frames that no
conforming client sends. Some entries matter if you rely on the rule: with proxies, with clients that fragment, or with
input from untrusted sources. The results are the defaults of one version, not a judgement of a project. If an entry is
unfair, it is a fault of Streamproof: please report it.`

function count(expected: Expected, verdict: ExpectedResult['verdict']): number {
  return Object.values(expected).filter(
    (result) => (typeof result === 'string' ? result : result.verdict) === verdict,
  ).length
}

function row({ recipe, expected }: Subject): string {
  const verdicts = ['pass', 'fail', 'warn', 'notice', 'blocked', 'not-applicable'] as const
  const cells = [
    `[${recipe.name}](#${recipe.name})`,
    versionOf(recipe.about),
    ...verdicts.map((verdict) => count(expected, verdict)),
  ]
  return `| ${cells.join(' | ')} |`
}

function versionOf({ what, from }: About): string {
  return 'npm' in from
    ? `${what} ${lock.packages[`node_modules/${from.npm}`]?.version ?? '?'} (npm)`
    : `${what} ${from.version} (Debian 12)`
}

const headings = [
  ['fail', 'MUST'],
  ['warn', 'SHOULD'],
  ['notice', 'MAY, or a measurement'],
] as const

function section({ recipe, expected }: Subject): string {
  const failures = Object.entries(expected).filter(
    (entry): entry is [string, ExpectedResult] => typeof entry[1] !== 'string' && isFailure(entry[1].verdict),
  )
  const parts = headings.flatMap(([verdict, heading]) => {
    const listed = failures.filter(([, result]) => result.verdict === verdict)
    return listed.length === 0
      ? []
      : [`**${heading}**`, listed.map(([id, result]) => line(id, result)).join('\n')]
  })
  return [`## ${recipe.name}`, recipe.about.configuration, ...parts].join('\n\n')
}

function line(id: string, { clause, title = '', actual = '' }: ExpectedResult): string {
  return `- \`${id}\` (${clause}): ${title}. Instead: ${plain(actual)}.`
}

/** Text from a server, with the special characters of Markdown escaped. */
function plain(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>|]/g, String.raw`\$&`)
}
