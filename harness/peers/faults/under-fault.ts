import { Inconclusive } from '#model/errors'
import type { Fault, FaultProxy, ConnectionTrace } from '#proxies/types'
import type { SessionContext } from '#peers/session/context'
import { recordFault } from './record.ts'
import type { Route, UnderFaultOptions } from '#peers/kit'
import { Severed } from './severed.ts'
import type { Connection } from '#peers/net/connection'

/**
 * Runs the exchange twice through one proxy: untoxiced (the control), then under the fault; and proves from what our
 * own socket saw both times that the fault struck. The first connection of the exchange is the one that is compared.
 *
 * @throws Violation of the control; of the faulted run only once the fault is proven.
 * @throws Inconclusive `fault-not-proven` or `engine-failed`.
 */
export async function runUnderFault(
  context: SessionContext,
  fault: Fault | ((control: ConnectionTrace) => Fault),
  exchange: (via: Route) => Promise<void>,
  options: UnderFaultOptions = {},
): Promise<void> {
  const endpoint = context.endpoint(options.protocol ?? 'websocket')
  const link = await context.openLink(endpoint.url)
  const control = await runControl(context, link, exchange)
  const chosen = typeof fault === 'function' ? fault(control) : fault
  await toxic(link, chosen)
  const via = context.through(link, [chosen])
  context.transcript.add('proxy', 'note', `the same exchange under ${chosen.name}`)
  const failure = await attempt(() => exchange(via))
  const socket = context.connectionsOn(via)[0]
  const trace = await faultedTrace(context, socket, chosen, failure)
  const proof = trace === null ? noConnection(failure) : chosen.prove(trace, control)
  if (!proof.proven) {
    context.transcript.add('proxy', 'note', proof.summary)
    throw failure instanceof Inconclusive
      ? failure
      : new Inconclusive('fault-not-proven', proof.summary, { cause: failure })
  }
  recordFault(context, link, chosen, proof)
  await Promise.all(context.connectionsOn(via).map((one) => one.close()))
  await context.readLogs()
  await link.close()
  if (failure !== undefined && !(failure instanceof Severed)) throw failure
}

async function runControl(
  context: SessionContext,
  link: FaultProxy,
  exchange: (via: Route) => Promise<void>,
): Promise<ConnectionTrace> {
  const via = context.through(link, [])
  context.transcript.add('proxy', 'note', 'the exchange through the proxy, without a fault')
  await exchange(via)
  const sockets = context.connectionsOn(via)
  const trace = sockets[0]?.trace
  if (trace === undefined)
    throw new TypeError('the exchange opened no connection on the route that it was given')
  // Toxics strike connections that stand already: none of the control may meet those that follow.
  await Promise.all(sockets.map((socket) => socket.close()))
  return trace
}

async function toxic(link: FaultProxy, fault: Fault): Promise<void> {
  await link.setFaults([fault]).catch((error: unknown) => {
    throw new Inconclusive('engine-failed', 'the engine did not take the toxics', { cause: error })
  })
}

/** A fault that severs may strike after the exchange had nothing more to wait for: its ending is waited for here. */
async function faultedTrace(
  context: SessionContext,
  socket: Connection | undefined,
  fault: Fault,
  failure: Error | undefined,
): Promise<ConnectionTrace | null> {
  if (socket === undefined) return null
  if (fault.severs && socket.trace.ending === null && failure === undefined) {
    await socket.watch.until(() => (socket.trace.ending === null ? undefined : true), context.limits.end)
    if (socket.trace.ending === null) socket.gaveUp()
  }
  return socket.trace
}

function noConnection(failure: Error | undefined): { readonly proven: false; readonly summary: string } {
  const summary = 'the exchange under the fault opened no connection'
  return { proven: false, summary: failure !== undefined ? `${summary} (${failure.name})` : summary }
}

async function attempt(run: () => Promise<void>): Promise<Error | undefined> {
  try {
    await run()
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(`the exchange threw ${String(error)}`)
  }
}
