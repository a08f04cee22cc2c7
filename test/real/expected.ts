import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { clauseName } from '../../harness/model/clause.ts'
import { isFlaky } from '../../harness/model/result.ts'
import type { Report, Result } from '../../harness/model/result.ts'

/**
 * What is expected of a server: the verdict of every id; for each that is not a pass its clause; for each fall what
 * came instead, and the last bytes that prove it. Written by `UPDATE_EXPECTATIONS=1`, read in review, never
 * rewritten in CI.
 */
export type Expected = Readonly<Record<string, 'pass' | ExpectedFall>>

export interface ExpectedFall {
  readonly verdict: Result['verdict']
  readonly clause: string
  readonly title?: string
  readonly reason?: string
  readonly expected?: string
  readonly actual?: string
  /** Present where the verdict differed between attempts. */
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

function describedResult(result: Result): 'pass' | ExpectedFall {
  const flaky = isFlaky(result)
  if (result.verdict === 'pass' && !flaky) return 'pass'
  const { verdict, reason, expected, actual } = result
  return {
    verdict,
    clause: clauseName(result.clause),
    ...(isFall(verdict) ? { title: result.title } : {}),
    ...(reason === null ? {} : { reason }),
    ...(expected === null ? {} : { expected }),
    ...(actual === null ? {} : { actual }),
    ...(flaky ? { flaky } : {}),
    ...(isFall(verdict) ? { bytes: lastBytes(result) } : {}),
  }
}

export function isFall(verdict: Result['verdict']): boolean {
  return verdict === 'fail' || verdict === 'warn' || verdict === 'notice'
}

/** The last few entries of the transcript: what was sent, what came of it, and how it ended. */
function lastBytes({ transcript }: Result): string[] {
  return transcript
    .slice(-6)
    .map(({ from, note, hex }) => `${from === 'harness' ? '>' : '<'} ${note}${hex === null ? '' : ` ${hex}`}`)
}

/**
 * What differs between two, of each: so that a failed comparison shows these ids alone. Bytes carry nonces, masks and
 * dates: they are there to be read, and are not compared.
 */
export function differences(one: Expected, other: Expected): readonly [object, object] {
  const ids = [...new Set([...Object.keys(one), ...Object.keys(other)])]
  const differing = ids.filter((id) => comparable(one[id]) !== comparable(other[id]))
  const pick = (all: Expected): object => Object.fromEntries(differing.map((id) => [id, all[id]]))
  return [pick(one), pick(other)]
}

function comparable(one: Expected[string] | undefined): string {
  return typeof one === 'object' ? JSON.stringify({ ...one, bytes: undefined }) : String(one)
}

/** Falls without the bytes that prove them. */
export function unproven(all: Expected): string[] {
  return Object.entries(all)
    .filter(([, one]) => typeof one !== 'string' && isFall(one.verdict) && (one.bytes ?? []).length === 0)
    .map(([id]) => id)
}

export function verdictOf(one: Expected[string] | undefined): Result['verdict'] | undefined {
  return typeof one === 'string' ? one : one?.verdict
}
