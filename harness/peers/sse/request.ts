import { asLatin1 } from '#peers/http/request-head'
import type { SubscribeOptions } from '#peers/kit'
import type { HeaderList } from '#wire/http/head'

/** As a browser asks for an event stream. */
export const usualHeaders = [
  ['Accept', 'text/event-stream'],
  ['Accept-Encoding', 'identity'],
  ['Cache-Control', 'no-cache'],
] as const

/** What a check changes in the headers of a subscription: the cursor, and those it gives. */
export function headersOf(options: SubscribeOptions): readonly (readonly [string, string])[] {
  const id = options.lastEventId
  const cursor = typeof id === 'string' ? new TextEncoder().encode(id) : id
  return [
    ...(cursor === undefined ? [] : [['Last-Event-ID', asLatin1(cursor)] as const]),
    ...(options.headers ?? []),
  ]
}

export function gives(headers: HeaderList, name: string): boolean {
  return headers.some(([given]) => given.toLowerCase() === name.toLowerCase())
}
