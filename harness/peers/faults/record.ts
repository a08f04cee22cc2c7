import type { Fault, FaultProxy, LinkDown, Proof } from '#proxies/types'
import type { SessionContext } from '#peers/session/context'
import { unproven } from './link-words.ts'

/** How long the engine may take to tell what it noted of a fault, in ms. */
const logLimitMs = 1000

/**
 * A fault was in force on the link, and this is its proof.
 * @param settings as shown in reports, where they are not those of the fault.
 * @throws Inconclusive `fault-not-proven`
 */
export function recordFault(
  context: SessionContext,
  link: FaultProxy,
  fault: Fault | LinkDown,
  proof: Proof,
  settings: Fault['settings'] = fault.settings,
): void {
  if (!proof.proven) throw unproven(proof.summary)
  const { name, direction } = fault
  context.addFault({ name, direction, settings, proof: proof.summary }, () =>
    link.loggedConnections(fault, context.scaled(logLimitMs)),
  )
  for (const [figure, value] of Object.entries(proof.figures)) context.measure(`${name}.${figure}`, value)
}
