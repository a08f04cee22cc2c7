import { linkDown } from '#proxies/faults'
import { Outage } from '#proxies/driver/outage'
import type { WatchedConnection } from '#proxies/driver/outage'
import type { FaultProxy } from '#proxies/types'
import type { SessionContext } from '#peers/session/context'
import { recordFault } from './record.ts'
import { engineDoes, unproven } from './link-words.ts'

/** A link that is down. Whoever took it down brings it up again. */
export interface DownLink {
  /**
   * Brings it up, no sooner than it was to be, and records the fault.
   * @throws Inconclusive `fault-not-proven`, `engine-failed`
   */
  comeUp(): Promise<void>
}

/**
 * Takes a link down for at least so many ms: it ends the connection that stands, and refuses others.
 * @throws Inconclusive `fault-not-proven` where it did not; `engine-failed`.
 */
export async function takeDown(
  context: SessionContext,
  link: FaultProxy,
  ms: number,
  standing: WatchedConnection,
): Promise<DownLink> {
  const { transcript, limits } = context
  const fault = linkDown({ ms })
  transcript.add('proxy', 'note', 'the link goes down')
  const outage = await engineDoes(Outage.begin(link, fault, standing, limits.connect))
  const comeUp = async (): Promise<void> => {
    const seen = await engineDoes(outage.end())
    transcript.add('proxy', 'note', 'the link is up again')
    recordFault(context, link, fault, fault.prove(seen))
  }
  // What did not go down need not come up: why is known already.
  if (!outage.isDown) throw unproven(fault.prove(outage.trace).summary)
  return { comeUp }
}
