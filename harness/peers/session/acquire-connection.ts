import { Inconclusive } from '#model/errors'
import type { SessionContext } from './context.ts'

/**
 * Waits until the scheduler allows one more connection. If the target limits their rate, connections are made at
 * intervals.
 * @throws Inconclusive if the check ended while it waited: then the target gets no further connection.
 */
export async function acquireConnection({ environment, scope }: SessionContext): Promise<void> {
  if (environment.acquireConnection === undefined) return
  await environment.acquireConnection()
  if (scope.closed) throw new Inconclusive('out-of-time', 'the check ended before it could open a connection')
}
