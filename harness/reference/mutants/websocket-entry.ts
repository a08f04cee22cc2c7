import type { Mutant } from '#reference/mutant'
import type { FrameViolation, Message, OverStrictFrameRule, WebSocketRules } from '#reference/websocket/rules'

/** A mutant of the WebSocket service, before it is given its protocol. */
export type Entry = Omit<Mutant, 'protocol'>

/** Tolerates these violations. */
export function accept(
  name: string,
  tolerates: readonly FrameViolation[],
  breaks: string,
  clause: string,
): Entry {
  return { name, breaks, clause, rules: { tolerates } }
}

/** Rejects, drops or misreads something valid. */
export function overStrict(name: string, rule: OverStrictFrameRule, breaks: string, clause: string): Entry {
  return { name, breaks, clause, rules: { rejects: [rule] } }
}

/** Fails the connection with another close code. */
export function failWith(
  name: string,
  breaks: string,
  clause: string,
  failureCode: WebSocketRules['failureCode'],
): Entry {
  return { name, breaks, clause, rules: { failureCode } }
}

/** Changes the echo of a message. */
export function echo(
  name: string,
  breaks: string,
  clause: string,
  echoOf: (message: Message) => Message | null,
): Entry {
  return { name, breaks, clause, rules: { echoOf } }
}
