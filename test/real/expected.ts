import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { clauseName } from '../../harness/model/clause.ts'
import { isFlaky } from '../../harness/model/result.ts'
import type { Report, Result } from '../../harness/model/result.ts'

/**
 * The expected results of a server: the verdict of every check; its clause, if it is not a pass; and for each failure
 * the actual behaviour and the last bytes that prove it. `UPDATE_EXPECTATIONS=1` writes it, for review, never in CI.
 */
export type Expected = Readonly<Record<string, 'pass' | ExpectedResult>>

export interface ExpectedResult {
  readonly verdict: Result['verdict']
  readonly clause: string
  readonly title?: string
  readonly reason?: string
  readonly expected?: string
  readonly actual?: string
  /** Present if the verdict differed between attempts. */
  readonly flaky?: true
  readonly bytes?: readonly string[]
}

const fileOf = (server: string): URL => new URL(`expectations/${server}.json`, import.meta.url)

export function committed(server: string): Expected {
  const file = fileOf(server)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Expected) : {}
}

export function commit(server: string, report: Report): void {
  writeFileSync(fileOf(server), `${JSON.stringify(described(report), null, 2)}\n`)
}

export function described({ results }: Report): Expected {
  return Object.fromEntries(results.map((result) => [result.id, describedResult(result)]))
}

function describedResult(result: Result): 'pass' | ExpectedResult {
  const flaky = isFlaky(result)
  if (result.verdict === 'pass' && !flaky) return 'pass'
  const { verdict, reason, expected, actual } = result
  return {
    verdict,
    clause: clauseName(result.clause),
    ...(isFailure(verdict) ? { title: result.title } : {}),
    ...(reason === null ? {} : { reason }),
    ...(expected === null ? {} : { expected }),
    ...(actual === null ? {} : { actual }),
    ...(flaky ? { flaky } : {}),
    ...(isFailure(verdict) ? { bytes: lastBytes(result) } : {}),
  }
}

export function isFailure(verdict: Result['verdict']): boolean {
  return verdict === 'fail' || verdict === 'warn' || verdict === 'notice'
}

/** The last entries of the transcript: what was sent and received, and how the connection ended. */
function lastBytes({ transcript }: Result): string[] {
  return transcript
    .slice(-6)
    .map(({ from, note, hex }) => `${from === 'harness' ? '>' : '<'} ${note}${hex === null ? '' : ` ${hex}`}`)
}

/**
 * The results that differ, of each side, so that a failed comparison shows only these ids. The bytes are for readers and
 * are not compared: they contain nonces, masks and dates.
 */
export function differences(first: Expected, second: Expected): readonly [object, object] {
  const ids = [...new Set([...Object.keys(first), ...Object.keys(second)])]
  const differing = ids.filter((id) => comparable(first[id]) !== comparable(second[id]))
  const pick = (all: Expected): object => Object.fromEntries(differing.map((id) => [id, all[id]]))
  return [pick(first), pick(second)]
}

function comparable(result: Expected[string] | undefined): string {
  return typeof result === 'object' ? JSON.stringify({ ...result, bytes: undefined }) : String(result)
}

/** Ids of failures without bytes that prove them. */
export function unproven(all: Expected): string[] {
  return Object.entries(all)
    .filter(
      ([, result]) =>
        typeof result !== 'string' && isFailure(result.verdict) && (result.bytes ?? []).length === 0,
    )
    .map(([id]) => id)
}

export function verdictOf(result: Expected[string] | undefined): Result['verdict'] | undefined {
  return typeof result === 'string' ? result : result?.verdict
}
