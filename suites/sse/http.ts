import { check } from '#peers/kit'
import type { Section } from '#peers/kit'
import { describeResponse, sendRequest, isEventStream } from './support.ts'

export const section: Section = {
  protocol: 'sse',
  order: 190,
  title: 'RFC 9110 and 9112: HTTP around the stream',
}

export const headAnswered = check({
  id: 'sse/http/head-answered',
  title: 'responds to HEAD',
  // RFC 9110 9.1 binds general-purpose servers. An event-stream server often is not one.
  level: 'SHOULD',
  clause: { spec: 'RFC9110', section: '9.1' },
  topic: 'compatibility',
  mutants: ['head-hangs'],
  async run(kit) {
    const answer = await sendRequest(kit, { method: 'HEAD' })
    answer.expectHead()
  },
})

export const headWithoutContent = check({
  id: 'sse/http/head-without-content',
  title: 'sends no content in the response to HEAD',
  level: 'MUST',
  clause: { spec: 'RFC9110', section: '9.3.2' },
  topic: 'protocol',
  after: ['sse/http/head-answered'],
  mutants: ['head-streams'],
  async run(kit) {
    const answer = await sendRequest(kit, { method: 'HEAD' })
    answer.expectHead()
    kit.expect(answer.surplus === 0, 'no bytes after the response head', 'further bytes')
  },
})

export const otherMethod = check({
  id: 'sse/http/other-method',
  title: 'does not stream in response to TRACE',
  level: 'SHOULD',
  clause: { spec: 'RFC9110', section: '9.1' },
  topic: 'protocol',
  mutants: ['any-method-streams', 'accept-everything'],
  async run(kit) {
    // TRACE changes nothing on the server, and no server implements it as a stream.
    const answer = await sendRequest(kit, { method: 'TRACE' })
    answer.expectHead()
    kit.expect(!isEventStream(answer), 'TRACE to be rejected', describeResponse(answer))
  },
})

export const allowWith405 = check({
  id: 'sse/http/allow-with-405',
  title: 'sends an Allow header in a 405 response',
  level: 'MUST',
  clause: { spec: 'RFC9110', section: '15.5.6' },
  topic: 'protocol',
  mutants: ['no-allow'],
  async run(kit) {
    const head = (await sendRequest(kit, { method: 'TRACE' })).expectHead()
    const hasAllow = head.status !== 405 || head.get('allow') !== null
    kit.expect(hasAllow, 'status 405 with an Allow header', 'status 405 without an Allow header')
  },
})

export const unknownMethod = check({
  id: 'sse/http/unknown-method',
  title: 'does not stream in response to an unknown method',
  level: 'SHOULD',
  clause: { spec: 'RFC9110', section: '9.1' },
  topic: 'protocol',
  mutants: ['unknown-method-streams', 'accept-everything'],
  async run(kit) {
    const control = await kit.subscribe()
    control.close()
    const answer = await sendRequest(kit, { method: 'STREAMPROOF' })
    kit.expect(!isEventStream(answer), 'an unknown method to be rejected', describeResponse(answer))
  },
})

export const http10 = check({
  id: 'sse/http/http-1-0',
  // Some proxies send HTTP/1.0 requests to the servers they forward to.
  title: 'serves an HTTP/1.0 client',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'http-1-0' },
  topic: 'compatibility',
  mutants: ['needs-http-1-1'],
  expectations: ['EXP-CMP-2'],
  async run({ subscribe }) {
    await subscribe({ httpVersion: '1.0' })
  },
})

export const noChunksForHttp10 = check({
  id: 'sse/http/no-chunks-for-http-1-0',
  title: 'sends no Transfer-Encoding to an HTTP/1.0 client',
  level: 'MUST',
  clause: { spec: 'RFC9112', section: '6.1' },
  topic: 'compatibility',
  mutants: ['chunked-to-http-1-0'],
  async run(kit) {
    const head = (await sendRequest(kit, { version: '1.0' })).expectHead()
    kit.expect(head.get('transfer-encoding') === null, 'no Transfer-Encoding', 'Transfer-Encoding')
  },
})

export const oneFraming = check({
  id: 'sse/http/one-framing',
  title: 'does not send Content-Length together with Transfer-Encoding',
  level: 'MUST',
  clause: { spec: 'RFC9112', section: '6.2' },
  topic: 'protocol',
  mutants: ['length-and-chunked'],
  async run(kit) {
    const head = (await sendRequest(kit)).expectHead()
    const both = head.get('transfer-encoding') !== null && head.get('content-length') !== null
    kit.expect(!both, 'Transfer-Encoding or Content-Length', 'Transfer-Encoding and Content-Length')
  },
})
