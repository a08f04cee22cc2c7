import { readFileSync, writeFileSync } from 'node:fs'
import type { Catalogue } from '#model/catalogue'
import { fallenVerdict } from '#model/judge'
import type { Report, Result } from '#model/result'
import { referenceContract } from '#cli/config/reference-contract'
import type { Kit } from '#peers/kit'
import { mutants } from '#reference/mutants'
import { startReference } from '#reference/start'
import type { ReferenceOptions } from '#reference/start'
import { run } from '#run/run'
import type { RunSettings } from '#run/settings'
import { resolveTargets } from '#target/contract/contract'
import type { Contract } from '#target/contract/contract'
import type { KnownCapabilities } from '#target/discovery/discover'
import type { Engine } from '#proxies/types'

/** Which checks fall on which mutant. */
export interface Matrix {
  readonly [mutant: string]: MutantRow
}

export interface MutantRow {
  /** Checks that name this mutant, and what each says instead of what it expected; several, where both are right. */
  readonly named: Readonly<Record<string, string | readonly string[]>>
  /** Further checks that fall on it. */
  readonly also: readonly string[]
  /** Checks that fall on it at times: by what else is connected, or by what was published before. */
  readonly sometimes?: readonly string[]
}

/** Limits a quarter as long, for the reference and its mutants alike: on this machine every answer comes at once. */
export const timeScale = 0.25

// Each run has a mocha that listens for what nobody caught, and many run side by side here.
process.setMaxListeners(50)

export const matrixFile = new URL('matrix.json', import.meta.url)

export function committedMatrix(): Matrix {
  return JSON.parse(readFileSync(matrixFile, 'utf8')) as Matrix
}

/**
 * The catalogue as mutants are to be judged by it: each check by itself, not blocked by the fall of another one that
 * the same mutant brings about.
 */
export function unblocked({ checks, expectations }: Catalogue<Kit>): Catalogue<Kit> {
  return { expectations, checks: checks.map((check) => ({ ...check, after: [] })) }
}

/** Judges the reference, or a mutant of it. */
export async function judged(
  catalogue: Catalogue<Kit>,
  engine: Engine,
  options: ReferenceOptions,
  settings: Partial<RunSettings> = {},
): Promise<Report> {
  await using reference = await startReference(options)
  const { publish, ...contract } = referenceContract(reference)
  // The pushing variant lets nobody publish.
  const whole: Contract =
    options.variant === 'pushing' || publish === undefined ? contract : { ...contract, publish }
  return await run(catalogue, {
    targets: resolveTargets(whole),
    shown: { websocket: 'reference', sse: 'reference' },
    engine,
    redactor: { text: (value) => value, bytes: (value) => value },
    seed: 1,
    command: 'streamproof run',
    version: '0.0.0',
    timeScale,
    jobs: 16,
    ...settings,
  })
}

/** What the reference can: taken for known about each mutant, so that what a mutant lost cannot hide a fall. */
export function capabilitiesOf({ targets }: Report): KnownCapabilities {
  const of = (protocol: string): KnownCapabilities['sse'] =>
    targets.find((target) => target.protocol === protocol)?.capabilities ?? null
  return { websocket: of('websocket'), sse: of('sse') }
}

/** Mutants that checks name, with the ids of these checks. */
export function namedBy({ checks }: Catalogue<Kit>): ReadonlyMap<string, readonly string[]> {
  const named = new Map<string, string[]>()
  for (const { id, mutants } of checks) {
    for (const mutant of mutants) named.set(mutant, [...(named.get(mutant) ?? []), id])
  }
  return named
}

/** A result as one line of a failed assertion. */
export function told({ id, verdict, expected, actual, reason }: Result): string {
  return `${verdict} ${id}: ${actual === null ? (reason ?? 'as it should be') : `expected ${expected}; actual: ${actual}`}`
}

/** True: the check fell, with the verdict of its level. */
export function fell(result: Result): boolean {
  return result.verdict === fallenVerdict(result.level)
}

/** Runs these side by side, so many at once, in order. Each may be awaited by itself; none rejects unheard. */
export function sideBySide<T>(jobs: readonly (() => Promise<T>)[], atOnce: number): Promise<T>[] {
  const free: (() => void)[] = []
  let active = 0
  return jobs.map(async (job) => {
    if (active >= atOnce) await new Promise<void>((resolve) => free.push(resolve))
    else active += 1
    try {
      return await job()
    } finally {
      const next = free.shift()
      if (next === undefined) active -= 1
      else next()
    }
  })
}

/**
 * Results of a mutant by id. What is not as committed is looked at once more before it counts: one check at a time,
 * with whole limits, and repeated if it falls. A machine under load is no proof of anything, and some mutants make
 * checks that run side by side fall by each other.
 * @param named the checks that name the mutant, all of which have to fall; every check unless given.
 */
export async function lookAt(
  mutant: string,
  by: {
    readonly catalogue: Catalogue<Kit>
    readonly engine: Engine
    readonly capabilities: KnownCapabilities
    readonly timeScale?: number
  },
  row: MutantRow = { named: {}, also: [] },
  named?: readonly string[],
): Promise<Map<string, Result>> {
  const { catalogue, engine, capabilities, timeScale: scale = timeScale } = by
  const look = async (more: Partial<RunSettings>): Promise<readonly Result[]> =>
    (await judged(catalogue, engine, { mutant }, { capabilities, timeScale: scale, ...more })).results
  const first = await look({
    repeatFalls: false,
    ...(named === undefined ? {} : { selection: { only: named } }),
  })
  const falls = new Set([...(named ?? Object.keys(row.named)), ...row.also])
  const doubtful = first.filter(
    (result) =>
      row.sometimes?.includes(result.id) !== true &&
      (fell(result) !== falls.has(result.id) ||
        (result.id in row.named && !agrees(row.named[result.id], result.actual))),
  )
  const only = doubtful.map(({ id }) => id)
  const again = only.length === 0 ? [] : await look({ selection: { only }, jobs: 1, timeScale: 1 })
  return new Map([...first, ...again].map((result) => [result.id, result]))
}

/**
 * Several texts may be committed where each is right. How TCP ended is not compared: a server that closes while bytes
 * of ours lie unread is heard with FIN or with RST, whichever is faster.
 */
export function agrees(committed: MutantRow['named'][string] | undefined, actual: string | null): boolean {
  if (committed === undefined || actual === null) return false
  return [committed].flat().some((text) => howeverEnded(text) === howeverEnded(actual))
}

function howeverEnded(text: string): string {
  return text
    .replaceAll(/\bTCP (FIN|RST)\b/g, 'the end of TCP')
    .replaceAll(/\bby (FIN|RST)\b/g, 'by the end of TCP')
}

/**
 * Whether the matrix is to be written, for review: `UPDATE_MATRIX=1` puts what was found in the place of what is
 * committed, `UPDATE_MATRIX=add` adds further texts to it. Never in CI.
 */
export const update = process.env['CI'] === undefined ? (process.env['UPDATE_MATRIX'] ?? null) : null

/** The row of a mutant: what fell, with the committed texts where these agree with what was said. */
export function rowOf(results: Iterable<Result>, own: ReadonlySet<string>, committed?: MutantRow): MutantRow {
  const fallen = [...results].filter(fell)
  const texts = fallen
    .filter(({ id }) => own.has(id))
    .map(({ id, actual }) => [id, textOf(actual ?? '', committed?.named[id])] as const)
  const others = fallen.flatMap(({ id }) => (own.has(id) ? [] : [id]))
  const sometimes = sometimesOf(others, committed)
  return {
    named: Object.fromEntries(texts.toSorted(([a], [b]) => (a < b ? -1 : 1))),
    also: others.filter((id) => !sometimes.includes(id)).toSorted((a, b) => (a < b ? -1 : 1)),
    ...(sometimes.length === 0 ? {} : { sometimes }),
  }
}

/** What is committed as falling at times; with `UPDATE_MATRIX=add` also what fell on one occasion only. */
function sometimesOf(others: readonly string[], committed?: MutantRow): string[] {
  const before = committed?.also ?? []
  const once =
    update !== 'add' ? [] : [...others, ...before].filter((id) => others.includes(id) !== before.includes(id))
  return [...new Set([...(committed?.sometimes ?? []), ...once])].toSorted((a, b) => (a < b ? -1 : 1))
}

function textOf(
  actual: string,
  committed: MutantRow['named'][string] | undefined,
): string | readonly string[] {
  if (committed === undefined) return actual
  if (agrees(committed, actual)) return committed
  return update === 'add' ? [...[committed].flat(), actual].toSorted((a, b) => (a < b ? -1 : 1)) : actual
}

/** Writes the matrix for review, without mutants that are no more. */
export function writeMatrix(matrix: Matrix): void {
  const known = new Set(mutants.map(({ name }) => name))
  const rows = Object.entries(matrix).filter(([name]) => known.has(name))
  const inOrder = Object.fromEntries(rows.toSorted(([a], [b]) => (a < b ? -1 : 1)))
  writeFileSync(matrixFile, `${JSON.stringify(inOrder, null, 1)}\n`)
}
