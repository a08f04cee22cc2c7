import { openContext } from './context.ts'
import type { SessionContext } from './context.ts'
import type { Session, SessionCheck, SessionEnvironment } from './session.ts'

/**
 * Opens the session of one run of one check. The caller closes it, whatever the check did.
 * @param openKit makes the verbs that the check is given from the context that they share.
 */
export function openSession<Kit>(
  environment: SessionEnvironment,
  check: SessionCheck,
  openKit: (context: SessionContext) => Kit,
): Session<Kit> {
  const context = openContext(environment, check)
  return {
    kit: openKit(context),
    evidence: () => context.evidence(),
    async close() {
      await context.scope.close()
    },
  }
}
