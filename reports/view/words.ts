import type { Verdict } from '#model/model'
import { isFlaky } from '#model/result'
import type { ExpectationResult, Report, Result } from '#model/result'

/** Words and figures that every report writes in the same way. */

/** For readers of their first report. */
export const verdictMeanings: Readonly<Record<Verdict, string>> = {
  pass: 'the target meets the requirement',
  fail: 'the target breaks a MUST',
  warn: 'the target breaks a SHOULD',
  notice: 'about a MAY or a measurement: for your information',
  'not-applicable': 'the target lacks a capability that the check needs',
  blocked: 'a prerequisite of the check did not pass',
  inconclusive: 'the target or the network did not allow a judgement',
  'harness-error': 'an error in Streamproof, not in the target',
}

/** A different symbol for each verdict: readers must not need colours. */
export const verdictSymbols: Readonly<Record<Verdict, string>> = {
  pass: '✓',
  fail: '✗',
  warn: '!',
  notice: 'i',
  'not-applicable': '–',
  blocked: '⊘',
  inconclusive: '?',
  'harness-error': '‼',
}

export type ExpectationStatus = ExpectationResult['status']

export const statusSymbols: Readonly<Record<ExpectationStatus, string>> = {
  confirmed: '✓',
  refuted: '✗',
  partly: '~',
  'not-measured': '–',
}

export function statusWord(status: ExpectationStatus): string {
  if (status === 'not-measured') return 'not measured'
  return status === 'partly' ? 'partly confirmed' : status
}

/** What the terminal and the HTML page say before the documented expectations. */
export const expectationsLead =
  'What is commonly said about these protocols, statement by statement, and what this run measured.'

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

export type Sender = Result['transcript'][number]['from']

/** How text reports mark the sender of an entry of a transcript. */
export const senderSigns: Readonly<Record<Sender, string>> = { harness: '>', target: '<', proxy: '=' }

/** `> harness   < target   = proxy`. */
export const senderLegend = Object.entries(senderSigns)
  .map(([sender, sign]) => `${sign} ${sender}`)
  .join('   ')

export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** `3 checks`. */
export function plural(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`
}

export function milliseconds(ms: number): string {
  return `${ms.toFixed(1)} ms`
}

/** `850 ms`, `12.3 s`, `4 min 10 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

type Fault = Result['faults'][number]

/** `cut-after, server-to-client, bytes 12`. */
export function faultText({ name, direction, settings }: Fault): string {
  const values = Object.entries(settings)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([setting, value]) => `${setting} ${value}`)
  return [name, direction === 'both' ? 'both directions' : direction, ...values].join(', ')
}

const engineEndings = {
  fin: 'with FIN',
  rst: 'with RST',
  down: 'when it was disabled',
  refused: 'because the target accepted no connection',
} as const

/** `connection 2: limit_data took effect at byte 0 server-to-client after 1.2 ms; ended by the proxy with FIN …`. */
export function faultLogText(entry: NonNullable<Fault['log']>[number]): string {
  const { connection, hit, ending, durationMs, clientToServerBytes, serverToClientBytes } = entry
  const parts = [
    ...(hit === null
      ? []
      : [`${hit.toxic} took effect at byte ${hit.byte} ${hit.direction} after ${milliseconds(hit.ms)}`]),
    ending === null
      ? `still open after ${milliseconds(durationMs)}`
      : `ended by the ${ending.by} ${engineEndings[ending.how]} after ${milliseconds(durationMs)}`,
    `${clientToServerBytes} bytes client-to-server, ${serverToClientBytes} server-to-client`,
  ]
  return `connection ${connection}: ${parts.join('; ')}`
}

const endings = {
  'close-frame': 'with a Close frame',
  fin: 'with FIN',
  rst: 'with RST',
  timeout: 'by timeout',
}

/** `by the target with a Close frame, code 1002`. */
export function endingText({ by, how, code }: NonNullable<Result['close']>): string {
  return `by the ${by} ${endings[how]}${code === null ? '' : `, code ${code}`}`
}

/** `failed in 2 of 3 attempts`; null unless the result is flaky. */
export function flakyText(result: Result): string | null {
  const { failed, total } = result.attempts
  return isFlaky(result) ? `failed in ${failed} of ${total} attempts` : null
}
