import { asLatin1 } from '#peers/http/exchange'
import type { SubscribeOptions } from '#peers/kit'

/** As a browser asks for an event stream. */
const usualHeaders = [
  ['Accept', 'text/event-stream'],
  ['Accept-Encoding', 'identity'],
  ['Cache-Control', 'no-cache'],
] as const

/** What a subscription asks with: the usual headers, but for those given, the cursor, and those given. */
export function headersOf(options: SubscribeOptions): readonly (readonly [string, string])[] {
  const id = options.lastEventId
  const cursor = typeof id === 'string' ? new TextEncoder().encode(id) : id
  return [
    ...usualHeaders.filter(([name]) => !gives(options, name)),
    ...(cursor === undefined ? [] : [['Last-Event-ID', asLatin1(cursor)] as const]),
    ...(options.headers ?? []),
  ]
}

export function gives(options: SubscribeOptions, name: string): boolean {
  return (options.headers ?? []).some(([given]) => given.toLowerCase() === name.toLowerCase())
}
