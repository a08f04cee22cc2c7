import { check } from '#peers/kit'
import type { Section } from '#peers/kit'
import { answered, ask, streams } from './support.ts'

export const section: Section = {
  protocol: 'sse',
  order: 190,
  title: 'RFC 9110 and 9112: HTTP around the stream',
}

export const headAnswered = check({
  id: 'sse/http/head-answered',
  title: 'answers HEAD',
  // RFC 9110 9.1 binds general-purpose servers; an event stream is often less than that.
  level: 'SHOULD',
  clause: { spec: 'RFC9110', section: '9.1' },
  topic: 'compatibility',
  mutants: ['head-hangs'],
  async run(kit) {
    const answer = await ask(kit, { method: 'HEAD' })
    answer.expectHead()
  },
})

export const headWithoutContent = check({
  id: 'sse/http/head-without-content',
  title: 'sends no content in answer to HEAD',
  level: 'MUST',
  clause: { spec: 'RFC9110', section: '9.3.2' },
  topic: 'protocol',
  after: ['sse/http/head-answered'],
  mutants: ['head-streams'],
  async run(kit) {
    const answer = await ask(kit, { method: 'HEAD' })
    answer.expectHead()
    kit.expect(answer.surplus === 0, 'nothing behind the head', 'further bytes')
  },
})

export const otherMethod = check({
  id: 'sse/http/other-method',
  title: 'does not stream in answer to a method that has no business there',
  level: 'SHOULD',
  clause: { spec: 'RFC9110', section: '9.1' },
  topic: 'protocol',
  mutants: ['any-method-streams', 'accept-everything'],
  async run(kit) {
    // TRACE is safe, and nobody implements it by a stream.
    const answer = await ask(kit, { method: 'TRACE' })
    answer.expectHead()
    kit.expect(!streams(answer), 'TRACE to be refused', answered(answer))
  },
})

export const allowWith405 = check({
  id: 'sse/http/allow-with-405',
  title: 'names the allowed methods wherever it answers 405',
  level: 'MUST',
  clause: { spec: 'RFC9110', section: '15.5.6' },
  topic: 'protocol',
  mutants: ['no-allow'],
  async run(kit) {
    const head = (await ask(kit, { method: 'TRACE' })).expectHead()
    const told = head.status !== 405 || head.get('allow') !== null
    kit.expect(told, 'status 405 with an Allow header', 'status 405 without one')
  },
})

export const unknownMethod = check({
  id: 'sse/http/unknown-method',
  title: 'does not stream in answer to a method that nobody has heard of',
  level: 'SHOULD',
  clause: { spec: 'RFC9110', section: '9.1' },
  topic: 'protocol',
  mutants: ['unknown-method-streams', 'accept-everything'],
  async run(kit) {
    const positive = await kit.subscribe()
    positive.close()
    const answer = await ask(kit, { method: 'STREAMPROOF' })
    kit.expect(!streams(answer), 'an unknown method to be refused', answered(answer))
  },
})

export const http10 = check({
  id: 'sse/http/http-1-0',
  title: 'serves clients of HTTP/1.0, which is what some proxies ask with',
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
  title: 'sends no Transfer-Encoding to a client of HTTP/1.0',
  level: 'MUST',
  clause: { spec: 'RFC9112', section: '6.1' },
  topic: 'compatibility',
  mutants: ['chunked-to-http-1-0'],
  async run(kit) {
    const head = (await ask(kit, { version: '1.0' })).expectHead()
    kit.expect(head.get('transfer-encoding') === null, 'no Transfer-Encoding', 'Transfer-Encoding')
  },
})

export const oneFraming = check({
  id: 'sse/http/one-framing',
  title: 'does not tell the length of the stream twice',
  level: 'MUST',
  clause: { spec: 'RFC9112', section: '6.2' },
  topic: 'protocol',
  mutants: ['length-and-chunked'],
  async run(kit) {
    const head = (await ask(kit)).expectHead()
    const both = head.get('transfer-encoding') !== null && head.get('content-length') !== null
    kit.expect(!both, 'Transfer-Encoding or Content-Length', 'Transfer-Encoding and Content-Length')
  },
})
