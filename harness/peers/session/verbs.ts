import { Inconclusive, Violation } from '#model/errors'
import type { Kit } from '#peers/kit'
import { runUnderFault } from '#peers/faults/under-fault'
import { sendRequest } from '#peers/http/request'
import { ipv6AddressOf } from '#peers/net/ipv6'
import type { SessionContext } from './context.ts'

type CommonVerbs = Pick<
  Kit,
  | 'underFault'
  | 'request'
  | 'overIpv6'
  | 'nonce'
  | 'randomBytes'
  | 'measure'
  | 'expect'
  | 'inParallel'
  | 'inSequence'
  | 'now'
>

/** The verbs that do not depend on a protocol. Without a protocol they mean the check's own. */
export function commonVerbs(context: SessionContext): CommonVerbs {
  return {
    underFault: (fault, exchange, options) => runUnderFault(context, fault, exchange, options),
    request: (options) => sendRequest(context, options),
    async overIpv6() {
      const { url } = context.endpoint
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
    inParallel: (count, run) => settled(Array.from({ length: count }, (_none, index) => run(index))),
    async inSequence(count, run) {
      const results = []
      for (let index = 0; index < count; index++) results.push(await run(index))
      return results
    },
    now: () => context.now(),
  }
}

/** Runs all at once. Rejects with the first failure after every one has settled, so that no failure goes unseen. */
async function settled<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises)
  return Promise.all(promises)
}
