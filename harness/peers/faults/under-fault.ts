import type { Route, UnderFaultOptions } from '#peers/kit'
import type { SessionContext } from '#peers/session/context'
import type { Fault, ConnectionTrace } from '#proxies/types'
import { closeAll, proveFault } from './prove-fault.ts'
import { Severed } from './severed.ts'

/**
 * The kit's `underFault`: runs an exchange through a proxy without a fault, then through the same proxy under the
 * fault. The first connection of each run is compared. An exchange that a fault severs is expected to end early.
 *
 * @throws Violation of the control; of the faulted run only if the fault is proven.
 * @throws Inconclusive `fault-not-proven` or `engine-failed`.
 */
export async function runUnderFault(
  context: SessionContext,
  fault: Fault | ((control: ConnectionTrace) => Fault),
  exchange: (via: Route) => Promise<void>,
  options: UnderFaultOptions = {},
): Promise<void> {
  const endpoint = options.protocol === undefined ? context.endpoint : context.endpointOf(options.protocol)
  const proxy = await context.openProxy(endpoint.url)
  let faultedRoute = null as Route | null
  try {
    await proveFault(context, {
      proxy,
      async control(via) {
        context.transcript.add('proxy', 'note', 'the exchange through the proxy, without a fault')
        await exchange(via)
        const trace = context.connectionsOn(via)[0]?.trace
        if (trace === undefined)
          throw new TypeError('the exchange opened no connection on the route that it was given')
        return { trace }
      },
      fault: typeof fault === 'function' ? ({ trace }) => fault(trace) : fault,
      faulted: (via) => exchange((faultedRoute = via)),
    })
  } catch (error) {
    if (!(error instanceof Severed)) throw error
  } finally {
    if (faultedRoute !== null) await closeAll(context, faultedRoute)
    await context.readFaultLogs()
  }
  await proxy.close()
}
