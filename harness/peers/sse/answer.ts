import { Inconclusive, Violation } from '#model/errors'
import type { SessionContext } from '#peers/session/context'
import type { Exchange } from '#peers/http/exchange'
import type { HttpHead } from '#peers/kit'
import { tellRefusal } from '#peers/http/refusal'
import { Severed } from '#peers/faults/severed'
import { endedHow } from './words.ts'

/**
 * The answer to a subscription must be a 200 with an event-stream type, in no content coding that was not accepted.
 *
 * @throws Violation where it is not; Inconclusive on 429 and 503, which the scheduler is told of.
 */
export function judgeAnswer(context: SessionContext, head: HttpHead, takesCoding: boolean): void {
  if (head.status === 429 || head.status === 503) {
    tellRefusal(context.environment.observer, head)
    throw new Inconclusive('target-refused', `the target answered ${head.status}`)
  }
  if (head.status !== 200) throw new Violation('status 200', `status ${head.status}`)
  const type = head.get('content-type')
  if (!isEventStream(type)) {
    const actual = type === null ? 'no Content-Type' : `Content-Type ${JSON.stringify(type.slice(0, 80))}`
    throw new Violation('a Content-Type of text/event-stream', actual)
  }
  const coding = head.list('content-encoding').filter((one) => one.toLowerCase() !== 'identity')
  if (coding.length === 0 || takesCoding) return
  const actual = `Content-Encoding ${JSON.stringify(coding.join(', ').slice(0, 80))}`
  throw new Violation('no content coding, as the request accepts none', actual)
}

/** Why there is no answer. */
export function unanswered({ stream, tls, bad }: Exchange): Error {
  if (tls?.error) {
    return new Violation('TLS with a certificate that is valid for the host', `TLS failed with ${tls.error}`)
  }
  const expected = 'an HTTP response with status 200'
  if (bad !== null) return new Violation(expected, bad)
  if (stream.route.severs) return new Severed('the link let no response through')
  if (stream.ending !== null) return new Violation(expected, endedHow(stream.ending, 'the connection'))
  stream.gaveUp()
  return new Violation(expected, 'no response')
}

/** True for `text/event-stream`, in any letter case, with parameters or without. */
export function isEventStream(type: string | null): boolean {
  return type !== null && (type.split(';')[0] ?? '').trim().toLowerCase() === 'text/event-stream'
}
