import type { FetchLike, ReaderLike } from 'eventsource'
import { fetch } from 'undici'
import type { Dispatcher } from 'undici'
import { asLatin1 } from '#peers/http/request-head'
import type { StreamRequest } from '#peers/session/endpoint'
import { encodeUtf8 } from '#wire/utf8'
import { EventStreamParser } from '#wire/sse/event-stream'

/** The reconnection time if the server sets none, in ms: a check does not wait for the seconds that are usual. */
const defaultMs = 50
/** A client that reconnects at once, again and again, floods the target. */
const shortestMs = 50
/** The longest that timers of Node can wait, in ms; they take anything longer for 1 ms. */
const longestMs = 2 ** 31 - 1

/** undici's fetch over a dispatcher, for an EventSource: with the method and body of the contract's stream request. */
export function fetchOver(dispatcher: Dispatcher, { method, body }: StreamRequest): FetchLike {
  return async (url, init) => {
    const { headers, signal, ...rest } = init
    const response = await fetch(url, {
      ...rest,
      method,
      ...(body === null ? {} : { body: encodeUtf8(body) }),
      ...(signal === undefined ? {} : { signal }),
      headers: Object.entries(headers).map(([name, value]) => [name, asLatin1(encodeUtf8(value))]),
      dispatcher,
    })
    const { status, redirected, url: from, body: readable } = response
    return {
      status,
      redirected,
      url: from,
      headers: response.headers,
      body: readable === null ? null : { getReader: () => boundedReader(readable.getReader()) },
    }
  }
}

type Reader = Pick<ReadableStreamDefaultReader<Uint8Array>, 'read' | 'cancel'>

/**
 * Reads a stream, and at its end one line more: `retry`, with the server's own reconnection time within bounds. The
 * package has no option for it. The line begins and ends no event, so that what was cut off stays cut off.
 */
function boundedReader(reader: Reader): ReaderLike {
  const parser = new EventStreamParser()
  let lastByte: number | undefined
  let isOver = false
  return {
    async read() {
      if (isOver) return { done: true }
      // A reset is an end as well: an EventSource reconnects after both.
      const { value } = await reader.read().catch(() => ({ value: undefined }))
      if (value !== undefined) {
        parser.push(value, 0)
        lastByte = value.at(-1) ?? lastByte
        return { done: false, value }
      }
      isOver = true
      const ms = Math.min(longestMs, Math.max(shortestMs, parser.retry ?? defaultMs))
      const isInLine = lastByte !== undefined && lastByte !== 0x0a && lastByte !== 0x0d
      return { done: false, value: encodeUtf8(`${isInLine ? '\n' : ''}retry: ${ms}\n`) }
    },
    cancel: () => reader.cancel(),
  }
}
