import type { Verdict } from '#model/model'
import { isFlaky } from '#model/result'
import type { ExpectationResult, Report, Result } from '#model/result'

/** Words and figures that every report writes in the same way. */

/** Worst first. */
export const verdicts: readonly Verdict[] = [
  'fail',
  'harness-error',
  'inconclusive',
  'blocked',
  'warn',
  'notice',
  'not-applicable',
  'pass',
]

/** What a verdict means, for those who read their first report. */
export const meanings: Readonly<Record<Verdict, string>> = {
  pass: 'the requirement held',
  fail: 'a MUST is broken',
  warn: 'a SHOULD is broken',
  notice: 'optional or informative, worth telling',
  'not-applicable': 'the target lacks what the check needs',
  blocked: 'a check that this one builds on fell',
  inconclusive: 'the target or the network kept us from judging',
  'harness-error': 'our fault, not the target’s',
}

/** Symbols differ as well as colours do. */
export const symbols: Readonly<Record<Verdict, string>> = {
  pass: '✓',
  fail: '✗',
  warn: '!',
  notice: 'i',
  'not-applicable': '–',
  blocked: '⊘',
  inconclusive: '?',
  'harness-error': '‼',
}

export const expectationSymbols: Readonly<Record<ExpectationResult['status'], string>> = {
  confirmed: '✓',
  refuted: '✗',
  partly: '~',
  'not-measured': '–',
}

export const expectationStatuses: readonly ExpectationResult['status'][] = [
  'confirmed',
  'refuted',
  'partly',
  'not-measured',
]

export function statusWord(status: ExpectationResult['status']): string {
  return status === 'not-measured' ? 'not measured' : status
}

/** `Server-Sent Events`; null: of checks that compare protocols. */
export function protocolTitle({ protocols }: Report, id: string | null): string {
  if (id === null) return 'Protocols compared'
  return protocols.find((protocol) => protocol.id === id)?.title ?? id
}

/** The same for a narrow column: `SSE`. */
export function protocolShortTitle({ protocols }: Report, id: string | null): string {
  if (id === null) return 'compared'
  return protocols.find((protocol) => protocol.id === id)?.shortTitle ?? id
}

export const senders = { harness: '>', target: '<', proxy: '=' } as const

export function milliseconds(ms: number): string {
  return `${ms.toFixed(1)} ms`
}

/** A length of time for people: `850 ms`, `12.3 s`, `4 min 10 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** `cut-after, down, bytes 12`. */
export function faultName(fault: Result['faults'][number]): string {
  const settings = Object.entries(fault.settings)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name} ${value}`)
  return [fault.name, fault.direction === 'both' ? 'both ways' : fault.direction, ...settings].join(', ')
}

type LogEntry = NonNullable<Result['faults'][number]['log']>[number]

const logEndings = { fin: 'FIN', rst: 'RST', down: 'it went down', refused: 'no way to the target' } as const

/** What the engine noted: `connection 2: limit_data at byte 0 down after 1.2 ms; ended by link (FIN) after 3 ms; …`. */
export function logEntry({
  connection,
  hit,
  ending,
  durationMs,
  clientToServerBytes,
  serverToClientBytes,
}: LogEntry): string {
  const parts = [
    hit === null ? null : `${hit.toxic} at byte ${hit.byte} ${hit.direction} after ${milliseconds(hit.ms)}`,
    ending === null
      ? `not ended after ${milliseconds(durationMs)}`
      : `ended by ${ending.by} (${logEndings[ending.how]}) after ${milliseconds(durationMs)}`,
    `${clientToServerBytes} bytes client-to-server, ${serverToClientBytes} server-to-client`,
  ]
  return `connection ${connection}: ${parts.filter((part) => part !== null).join('; ')}`
}

/** `by target, close-frame, code 1002`. */
export function endingName(close: NonNullable<Result['close']>): string {
  return `by ${close.by}, ${close.how}${close.code === null ? '' : `, code ${close.code}`}`
}

/** `failed in 2 of 3 attempts`; null unless the result is flaky. */
export function flakyText(result: Result): string | null {
  const { failed, total } = result.attempts
  return isFlaky(result) ? `failed in ${failed} of ${total} attempts` : null
}
