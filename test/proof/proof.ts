import { readFileSync, writeFileSync } from 'node:fs'
import type { Catalogue } from '#model/catalogue'
import { failingVerdict } from '#model/judge'
import type { Report, Result } from '#model/result'
import { referenceContract } from '#reference/contract'
import type { Kit } from '#peers/kit'
import { mutants } from '#reference/mutants'
import { startReference } from '#reference/start'
import type { ReferenceOptions } from '#reference/start'
import { namedAs, runCatalogue } from '../run-catalogue.ts'
import type { SelectedRun } from '../run-catalogue.ts'
import { resolveTargets } from '#protocols/index'
import type { Contract } from '#protocols/index'
import type { KnownCapabilities } from '#target/discovery/discover'
import type { Engine } from '#proxies/types'

/** Which checks fail on which mutant. */
export interface Matrix {
  readonly [mutant: string]: MutantRow
}

export interface MutantRow {
  /** The `actual` text of each check that names this mutant; several texts if each is right. */
  readonly named: Readonly<Record<string, string | readonly string[]>>
  /** Further checks that fail on it. */
  readonly also: readonly string[]
  /** Checks that fail on it only sometimes, depending on other connections or on what was published before. */
  readonly sometimes?: readonly string[]
}

/** Limits a quarter as long, for the reference and its mutants: a local server responds at once. */
export const timeScale = 0.25

// Each run listens for uncaught errors of the process, and many runs are concurrent here.
process.setMaxListeners(50)

const matrixFile = new URL('matrix.json', import.meta.url)

export function committedMatrix(): Matrix {
  return JSON.parse(readFileSync(matrixFile, 'utf8')) as Matrix
}

/**
 * The catalogue without prerequisites: each check is judged by itself, not blocked by another check that fails on the
 * same mutant.
 */
export function unblocked({ checks, expectations }: Catalogue<Kit>): Catalogue<Kit> {
  return { expectations, checks: checks.map((check) => ({ ...check, after: [] })) }
}

/** Runs the catalogue against the reference, or against a mutant of it. */
export async function runOnReference(
  catalogue: Catalogue<Kit>,
  engine: Engine,
  options: ReferenceOptions,
  settings: Partial<SelectedRun> = {},
): Promise<Report> {
  await using reference = await startReference(options)
  const { publish, ...contract } = referenceContract(reference)
  // The variant `pushing` has no publish endpoint.
  const full: Contract =
    options.variant === 'pushing' || publish === undefined ? contract : { ...contract, publish }
  return await runCatalogue(catalogue, {
    targets: namedAs('reference', resolveTargets(full)),
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

/** The capabilities of the reference. Runs on mutants use them, so that no check is skipped on a mutant that lacks one. */
export function capabilitiesOf({ targets }: Pick<Report, 'targets'>): KnownCapabilities {
  return Object.fromEntries(targets.map(({ protocol, capabilities }) => [protocol, capabilities]))
}

/** Every mutant that a check names, with the ids of these checks. */
export function namedBy({ checks }: Catalogue<Kit>): ReadonlyMap<string, readonly string[]> {
  const named = new Map<string, string[]>()
  for (const { id, mutants } of checks) {
    for (const mutant of mutants) named.set(mutant, [...(named.get(mutant) ?? []), id])
  }
  return named
}

/** A result as one line, for a failed assertion. */
export function resultLine({ id, verdict, expected, actual, reason }: Result): string {
  return `${verdict} ${id}: ${actual === null ? (reason ?? 'nothing unexpected') : `expected ${expected}; actual: ${actual}`}`
}

/** True if the check failed, with the verdict of its level. */
export function hasFailed(result: Result): boolean {
  return result.verdict === failingVerdict(result.level)
}

/** Starts the jobs in order, at most `concurrency` at once. Each promise can be awaited by itself. */
export function runConcurrently<T>(jobs: readonly (() => Promise<T>)[], concurrency: number): Promise<T>[] {
  const free: (() => void)[] = []
  let active = 0
  return jobs.map(async (job) => {
    if (active >= concurrency) await new Promise<void>((resolve) => free.push(resolve))
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
 * Results of a mutant by id. A result that differs from the committed one is judged again before it counts: one check
 * at a time, with full limits, and repeated if it fails. Load on the machine can change a result, and on some mutants
 * concurrent checks affect each other.
 * @param named the checks that name the mutant, all of which must fail. Default: every check.
 */
export async function judgeMutant(
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
  const judge = async (more: Partial<SelectedRun>): Promise<readonly Result[]> =>
    (await runOnReference(catalogue, engine, { mutant }, { capabilities, timeScale: scale, ...more })).results
  const first = await judge({
    repeatFailures: false,
    ...(named === undefined ? {} : { selection: { only: named } }),
  })
  const expectedFailures = new Set([...(named ?? Object.keys(row.named)), ...row.also])
  const doubtful = first.filter(
    (result) =>
      row.sometimes?.includes(result.id) !== true &&
      (hasFailed(result) !== expectedFailures.has(result.id) ||
        (result.id in row.named && !agrees(row.named[result.id], result.actual))),
  )
  const only = doubtful.map(({ id }) => id)
  const again = only.length === 0 ? [] : await judge({ selection: { only }, jobs: 1, timeScale: 1 })
  return new Map([...first, ...again].map((result) => [result.id, result]))
}

/**
 * Several texts can be committed if each is right. FIN and RST count as the same: a server that closes its socket while
 * bytes of the client are unread sends a RST, otherwise a FIN, and which of both depends on timing.
 */
export function agrees(committed: MutantRow['named'][string] | undefined, actual: string | null): boolean {
  if (committed === undefined || actual === null) return false
  return [committed].flat().some((text) => withoutTcpEnding(text) === withoutTcpEnding(actual))
}

function withoutTcpEnding(text: string): string {
  return text.replaceAll(/\b(FIN|RST)\b/g, 'FIN or RST')
}

/**
 * Whether to write the matrix, for review: `UPDATE_MATRIX=1` replaces the committed results, `UPDATE_MATRIX=add` adds
 * further texts to them. Never in CI.
 */
export const update = process.env['CI'] === undefined ? (process.env['UPDATE_MATRIX'] ?? null) : null

/** The row of a mutant: the checks that failed, with the committed texts if they agree with the results. */
export function rowOf(results: Iterable<Result>, own: ReadonlySet<string>, committed?: MutantRow): MutantRow {
  const failed = [...results].filter(hasFailed)
  const texts = failed
    .filter(({ id }) => own.has(id))
    .map(({ id, actual }) => [id, textOf(actual ?? '', committed?.named[id])] as const)
  const others = failed.flatMap(({ id }) => (own.has(id) ? [] : [id]))
  const sometimes = sometimesOf(others, committed)
  return {
    named: Object.fromEntries(texts.toSorted(([a], [b]) => (a < b ? -1 : 1))),
    also: others.filter((id) => !sometimes.includes(id)).toSorted((a, b) => (a < b ? -1 : 1)),
    ...(sometimes.length === 0 ? {} : { sometimes }),
  }
}

/** Checks committed as failing sometimes; with `UPDATE_MATRIX=add` also those that differ from the committed row. */
function sometimesOf(others: readonly string[], committed?: MutantRow): string[] {
  const before = committed?.also ?? []
  const differing =
    update !== 'add' ? [] : [...others, ...before].filter((id) => others.includes(id) !== before.includes(id))
  return [...new Set([...(committed?.sometimes ?? []), ...differing])].toSorted((a, b) => (a < b ? -1 : 1))
}

function textOf(
  actual: string,
  committed: MutantRow['named'][string] | undefined,
): string | readonly string[] {
  if (committed === undefined) return actual
  if (agrees(committed, actual)) return committed
  return update === 'add' ? [...[committed].flat(), actual].toSorted((a, b) => (a < b ? -1 : 1)) : actual
}

/** Writes the matrix for review, without mutants that no longer exist. */
export function writeMatrix(matrix: Matrix): void {
  const known = new Set(mutants.map(({ name }) => name))
  const rows = Object.entries(matrix).filter(([name]) => known.has(name))
  const inOrder = Object.fromEntries(rows.toSorted(([a], [b]) => (a < b ? -1 : 1)))
  writeFileSync(matrixFile, `${JSON.stringify(inOrder, null, 1)}\n`)
}
