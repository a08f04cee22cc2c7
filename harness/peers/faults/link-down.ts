import { Outage } from '#proxies/driver/outage'
import type { WatchedConnection } from '#proxies/driver/outage'
import { linkDown } from '#proxies/faults'
import type { FaultProxy } from '#proxies/types'
import type { SessionContext } from '#peers/session/context'
import { awaitEngine, faultNotProven, recordFault } from './prove-fault.ts'

/** A link that is down. Who took it down has to restore it. */
export interface DownLink {
  /**
   * Brings the link up again, not before its time is over, and records the fault.
   *
   * @throws Inconclusive `fault-not-proven`, `engine-failed`
   */
  restore(): Promise<void>
}

/**
 * Takes a link down for at least `ms`: it ends the open connection and refuses new ones. No toxic does this, so the
 * proof is an `OutageTrace`: the control is that the connection was open before.
 *
 * @throws Inconclusive `fault-not-proven` if the link did not go down; `engine-failed`.
 */
export async function takeLinkDown(
  context: SessionContext,
  proxy: FaultProxy,
  ms: number,
  connection: WatchedConnection,
): Promise<DownLink> {
  const { transcript, limits } = context
  const fault = linkDown({ ms })
  transcript.add('proxy', 'note', 'the link goes down')
  const outage = await awaitEngine(Outage.begin(proxy, fault, connection, limits.connect))
  // A link that did not go down need not be restored.
  if (!outage.isDown) throw faultNotProven(fault.prove(outage.trace).summary)
  return {
    async restore() {
      const trace = await awaitEngine(outage.end())
      transcript.add('proxy', 'note', 'the link is up again')
      recordFault(context, proxy, fault, fault.prove(trace))
    },
  }
}
