import { readFileSync } from 'node:fs'
import type { Expected, ExpectedFall } from './expected.ts'
import { isFall } from './expected.ts'
import type { About, ServerRecipe } from './servers.ts'

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string }>>
}

const lock = JSON.parse(readFileSync(new URL('package-lock.json', import.meta.url), 'utf8')) as Lock

interface Subject {
  readonly recipe: Pick<ServerRecipe, 'name' | 'about'>
  readonly expected: Expected
}

/** The text of docs/real-servers.md: all of it comes from the committed expectations and the recipes. */
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

const head = `# What real servers do

Nobody here wrote these servers. They run in CI, each as its README or package sets it up, so that a verdict which accuses
one of them wrongly is noticed. This page is made from the verdicts that are committed under \`test/real/expectations\`,
where the bytes that prove each fall stand as well (\`UPDATE_SNAPSHOTS=1 npx mocha --no-config --import=tsx
test/docs/real-servers.test.ts\` writes it).

All of them carry real traffic every day. Most of what is listed is leniency towards handshakes and frames that no
conforming client sends; some of it matters to those who rely on the rule, as with proxies, with clients that fragment, or
with input that strangers control. It is what one version does by default, no judgement of a project. If a
line is unfair, that is our mistake: please tell us.`

function count(expected: Expected, verdict: ExpectedFall['verdict']): number {
  return Object.values(expected).filter((one) => (typeof one === 'string' ? one : one.verdict) === verdict)
    .length
}

function row({ recipe, expected }: Subject): string {
  const verdicts = ['pass', 'fail', 'warn', 'notice', 'blocked', 'not-applicable'] as const
  const cells = [
    `[${recipe.name}](#${recipe.name})`,
    versionOf(recipe.about),
    ...verdicts.map((one) => count(expected, one)),
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
  const falls = Object.entries(expected).filter(
    (entry): entry is [string, ExpectedFall] => typeof entry[1] !== 'string' && isFall(entry[1].verdict),
  )
  const parts = headings.flatMap(([verdict, heading]) => {
    const own = falls.filter(([, one]) => one.verdict === verdict)
    return own.length === 0 ? [] : [`**${heading}**`, own.map(([id, one]) => line(id, one)).join('\n')]
  })
  return [`## ${recipe.name}`, recipe.about.configuration, ...parts].join('\n\n')
}

function line(id: string, { clause, title = '', actual = '' }: ExpectedFall): string {
  return `- \`${id}\` (${clause}): ${title}. Instead: ${plain(actual)}.`
}

/** What a server said, as text that Markdown leaves alone. */
function plain(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>|]/g, String.raw`\$&`)
}
