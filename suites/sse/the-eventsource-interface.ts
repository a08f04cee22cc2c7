import { check } from '#peers/kit'
import type { Section } from '#peers/kit'
import { sendRequest, mediaTypeOf, quoted, describeContentType } from './support.ts'

export const section: Section = {
  protocol: 'sse',
  order: 202,
  title: 'HTML 9.2.2 and 9.2.3: the request and its response',
}

const clause = { spec: 'HTML', section: 'the-eventsource-interface' } as const

export const status = check({
  id: 'sse/response/status-200',
  title: 'responds with status 200',
  // The standard binds clients: any other status closes an EventSource permanently.
  level: 'MUST',
  clause,
  topic: 'protocol',
  mutants: ['status-201'],
  async run(kit) {
    const { status } = (await sendRequest(kit)).expectHead()
    kit.expect(status === 200, 'status 200', `status ${status}`)
  },
})

export const contentType = check({
  id: 'sse/response/content-type',
  title: 'sends Content-Type text/event-stream',
  level: 'MUST',
  clause: { spec: 'HTML', section: 'parsing-an-event-stream' },
  topic: 'protocol',
  mutants: ['type-html', 'type-missing'],
  async run(kit) {
    const type = (await sendRequest(kit)).expectHead().get('content-type')
    kit.expect(
      mediaTypeOf(type) === 'text/event-stream',
      'Content-Type text/event-stream',
      describeContentType(type),
    )
  },
})

export const charset = check({
  id: 'sse/response/charset',
  title: 'declares no charset other than utf-8',
  level: 'MUST',
  clause: { spec: 'HTML', section: 'text/event-stream' },
  topic: 'protocol',
  mutants: ['charset-latin1'],
  async run(kit) {
    const type = (await sendRequest(kit)).expectHead().get('content-type') ?? ''
    const named = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(type)?.[1]
    kit.expect(
      named === undefined || named.toLowerCase() === 'utf-8',
      'charset utf-8, or no charset',
      `charset ${quoted(named ?? '')}`,
    )
  },
})

export const headersAtOnce = check({
  id: 'sse/response/headers-at-once',
  title: 'sends the response head at once, without waiting for an event',
  // An EventSource is connecting until it has received the head: until then its page shows no open stream.
  level: 'SHOULD',
  clause: { spec: 'HTML', section: 'sse-processing-model' },
  topic: 'performance',
  mutants: ['late-headers'],
  async run(kit) {
    const answer = await sendRequest(kit)
    answer.expectHead()
    kit.expect((answer.headMs ?? 0) < 2000, 'the head within two seconds', 'the head arrived later')
  },
})

export const withoutAccept = check({
  id: 'sse/request/without-accept',
  title: 'serves a request without Accept',
  // SHOULD: browsers send Accept, but other clients often do not, which means that they accept any type.
  level: 'SHOULD',
  clause: { spec: 'RFC9110', section: '12.5.1' },
  topic: 'compatibility',
  mutants: ['needs-accept'],
  async run({ subscribe }) {
    await subscribe({ without: ['Accept'] })
  },
})

export const anyAccept = check({
  id: 'sse/request/any-accept',
  title: 'serves a request with Accept: */*',
  // SHOULD: many HTTP clients send `*/*` by default.
  level: 'SHOULD',
  clause: { spec: 'RFC9110', section: '12.5.1' },
  topic: 'compatibility',
  mutants: ['needs-exact-accept'],
  async run({ subscribe }) {
    await subscribe({ headers: [['Accept', '*/*']] })
  },
})

export const plainGet = check({
  id: 'sse/request/plain-get',
  title: 'serves an ordinary GET with only Host and credentials',
  level: 'SHOULD',
  clause: { spec: 'EXPECTATIONS', section: 'EXP-CON-4' },
  topic: 'connection',
  mutants: ['needs-cache-control', 'needs-accept'],
  expectations: ['EXP-CON-4'],
  async run({ subscribe, measure }) {
    const stream = await subscribe({ without: ['Accept', 'Accept-Encoding', 'Cache-Control'] })
    measure('httpVersion', stream.response.version)
  },
})

export const notCacheable = check({
  id: 'sse/response/not-cacheable',
  title: 'sends Cache-Control with no-store or no-cache',
  level: 'SHOULD',
  clause,
  topic: 'security',
  mutants: ['cacheable-stream', 'no-cache-control'],
  expectations: ['EXP-SEC-3'],
  async run(kit) {
    const directives = (await sendRequest(kit)).expectHead().list('cache-control')
    const forbidsCaching = directives.some((directive) => /^no-(store|cache)$/i.test(directive))
    kit.expect(
      forbidsCaching,
      'Cache-Control with no-store or no-cache',
      `Cache-Control ${quoted(directives.join(', '))}`,
    )
  },
})

export const noTransform = check({
  id: 'sse/response/no-transform',
  title: 'sends Cache-Control with no-transform',
  level: 'MAY',
  clause: { spec: 'STREAMPROOF', section: 'no-transform' },
  topic: 'compatibility',
  mutants: ['transformable-stream', 'no-cache-control'],
  async run(kit) {
    const directives = (await sendRequest(kit)).expectHead().list('cache-control')
    const forbidsTransform = directives.some((directive) => directive.toLowerCase() === 'no-transform')
    kit.expect(
      forbidsTransform,
      'Cache-Control with no-transform',
      `Cache-Control ${quoted(directives.join(', '))}`,
    )
  },
})

export const noProxyBuffering = check({
  id: 'sse/response/no-proxy-buffering',
  // nginx, and proxies that follow it, then forward each event at once.
  title: 'sends X-Accel-Buffering: no',
  level: 'MAY',
  clause: { spec: 'STREAMPROOF', section: 'no-proxy-buffering' },
  topic: 'compatibility',
  mutants: ['bufferable-stream'],
  async run(kit) {
    const value = (await sendRequest(kit)).expectHead().get('x-accel-buffering')
    kit.expect(
      value?.toLowerCase() === 'no',
      'X-Accel-Buffering no',
      value === null ? 'no such header' : quoted(value),
    )
  },
})

export const nosniff = check({
  id: 'sse/response/nosniff',
  title: 'sends X-Content-Type-Options: nosniff',
  level: 'MAY',
  clause: { spec: 'STREAMPROOF', section: 'nosniff' },
  topic: 'security',
  mutants: ['no-nosniff'],
  async run(kit) {
    const value = (await sendRequest(kit)).expectHead().get('x-content-type-options')
    kit.expect(
      value?.toLowerCase() === 'nosniff',
      'X-Content-Type-Options nosniff',
      value === null ? 'no such header' : quoted(value),
    )
  },
})

export const staysOpen = check({
  id: 'sse/connection/stays-open',
  title: 'keeps the stream open',
  // A stream may end, but an EventSource then requests it again, at the cost of a new connection.
  level: 'MAY',
  clause: { spec: 'HTML', section: 'text/event-stream' },
  topic: 'connection',
  mutants: ['finite-stream'],
  expectations: ['EXP-CON-3'],
  async run({ subscribe }) {
    const stream = await subscribe()
    await stream.expectOpen(1500)
  },
})

export const extraBytesIgnored = check({
  id: 'sse/connection/extra-bytes-ignored',
  title: 'ignores extra bytes after the request',
  level: 'INFO',
  clause: { spec: 'EXPECTATIONS', section: 'EXP-CON-3' },
  topic: 'limitations',
  needs: ['sse.endless', 'sse.events'],
  mutants: ['extra-bytes-end-stream', 'extra-bytes-echoed', 'answers-inside-stream'],
  expectations: ['EXP-CON-3', 'EXP-LIM-4'],
  async run(kit) {
    const stream = await kit.subscribe()
    const marker = kit.nonce()
    // HTTP allows a client to send only a second request at this point.
    stream.sendBytes(Buffer.from(`GET /${marker} HTTP/1.1\r\nHost: ${kit.sse.url.host}\r\n\r\n`))
    await stream.expectOpen()
    await stream.expectDelivery()
    const echoed = stream.lines.some(({ value }) => value.includes(marker))
    kit.expect(!echoed, 'none of the extra bytes on the stream', 'the extra bytes were echoed on the stream')
  },
})
