import { Inconclusive } from '#model/errors'
import type { SessionContext } from './context.ts'

/**
 * Waits until the target is to be sent one more connection.
 *
 * @throws Inconclusive where the check was given up meanwhile: the target is not bothered for it.
 */
export async function takeTurn({ environment, scope }: SessionContext): Promise<void> {
  if (environment.acquireConnection === undefined) return
  await environment.acquireConnection()
  if (scope.closed) throw new Inconclusive('out-of-time', 'the check was over before its turn came')
}
