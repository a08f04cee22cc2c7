import { Inconclusive, Violation } from '#model/errors'
import { openContext } from './context.ts'
import type { SessionContext } from './context.ts'
import { ipv6AddressOf } from '#peers/net/ipv6'
import type { Kit } from '#peers/kit'
import type { Session, SessionEnvironment } from './session.ts'
import { sseVerbs } from '#peers/sse/verbs'
import { websocketVerbs } from '#peers/websocket/verbs'

/** Opens the session of one run of one check. Whoever opens it closes it, whatever the check did. */
export function openSession(environment: SessionEnvironment, checkId: string): Session {
  const context = openContext(environment, checkId)
  const kit = openKit(context)
  return {
    kit,
    evidence: () => context.evidence(),
    async close() {
      await context.scope.close()
    },
  }
}

function openKit(context: SessionContext): Kit {
  return {
    ...websocketVerbs(context),
    ...sseVerbs(context),
    get websocket() {
      return context.endpoint('websocket')
    },
    get sse() {
      return context.endpoint('sse')
    },
    async overIpv6(protocol) {
      const { url } = context.endpoint(protocol)
      const host = await ipv6AddressOf(url)
      if (host === null) throw new Inconclusive('environment', 'the host has no IPv6 address')
      return { ...context.direct(url), host }
    },
    nonce: () => context.nonce(),
    randomBytes: (length) => context.randomBytes(length),
    measure: (name, value) => context.measure(name, value),
    expect(holds, expected, actual) {
      if (!holds) throw new Violation(expected, actual)
    },
    inParallel: (count, one) => settled(Array.from({ length: count }, (_none, index) => one(index))),
    async inSequence(count, one) {
      const results = []
      for (let index = 0; index < count; index++) results.push(await one(index))
      return results
    },
    now: () => context.now(),
  }
}

/** All at once; the first failure is told when every one has settled, so that none fails unseen later. */
async function settled<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises)
  return Promise.all(promises)
}
