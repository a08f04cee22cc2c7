import { takeLinkDown } from '#peers/faults/link-down'
import type { DownLink } from '#peers/faults/link-down'
import { proveFault } from '#peers/faults/prove-fault'
import { Severed } from '#peers/faults/severed'
import type { Route } from '#peers/kit'
import type { ByteStream } from '#peers/net/byte-stream'
import { blackHole, resetPeer } from '#proxies/faults'
import type { Proof } from '#proxies/types'
import { connectClient, controlConnection, disconnected, send, sendToBoth } from './state.ts'
import type { ConnectedState, ResumeState, Scenario } from './state.ts'

/** The client closes (FIN) or resets (RST) its own connection, after it has received events. */
export async function hangUp(
  scenario: Scenario,
  before: ResumeState,
  kind: 'client-fin' | 'client-rst',
): Promise<ResumeState> {
  const state = await sendToBoth(scenario, await connected(scenario, before))
  const { client } = state
  if (kind === 'client-rst') client.reset()
  else client.close()
  await client.exchange.stream.close()
  return disconnected(scenario, state)
}

/** The link goes down after the client has received events. The client reconnects through it once it is up again. */
export async function goDown(
  scenario: Scenario,
  before: ResumeState,
  ms: number,
): Promise<{ readonly state: ResumeState; readonly down: DownLink }> {
  const { context } = scenario
  const proxy = before.proxy ?? (await context.openProxy(context.endpoint.url))
  const via = { ...context.through(proxy, []), severs: true }
  const state = await sendToBoth(scenario, await connected(scenario, { ...before, proxy }, via))
  const { stream } = state.client.exchange
  const down = await takeLinkDown(context, proxy, ms, {
    isOpen: () => stream.ending === null,
    ended: () => endedRemotely(stream, context.limits.end),
  })
  return { state: disconnected(scenario, state), down }
}

/**
 * The proxy drops everything from the target once the client has received events: the connection stays half-open. The
 * control is the same connection before the fault.
 */
export async function goSilent(scenario: Scenario, before: ResumeState): Promise<ResumeState> {
  const { context, witness } = scenario
  const proxy = await context.openProxy(context.endpoint.url)
  const { state } = await proveFault(context, {
    proxy,
    async control(via) {
      // On a route of its own: the connection has to stay open, and the proxy is what ends it.
      const connection = await connectClient(scenario, before, { ...via, severs: true })
      const delivered = await sendToBoth(scenario, connection)
      return { delivered, trace: delivered.client.trace }
    },
    fault: blackHole({ direction: 'server-to-client' }),
    async faulted(_via, { delivered }) {
      const { stream } = delivered.client.exchange
      // Bytes that were on their way when the toxic was set have arrived.
      const bytes = stream.trace.serverToClientBytes
      const sent = await send(scenario, delivered, 1)
      const isDisturbed = (): boolean => stream.trace.serverToClientBytes > bytes || stream.ending !== null
      await stream.watch.until(() => (isDisturbed() ? true : undefined), context.limits.quiet)
      const isSilent = !isDisturbed()
      stream.gaveUp()
      return { state: sent, stream, isSilent }
    },
    connection: (_sockets, result) => result?.stream,
    prove: (_fault, { faulted, result }): Proof =>
      result?.isSilent === true
        ? {
            proven: true,
            summary:
              'no further byte arrived and the connection stayed open, while the witness received what was sent',
            figures: {
              bytes: faulted.serverToClientBytes,
              witnessBytes: witness.trace.serverToClientBytes,
            },
          }
        : { proven: false, summary: 'the proxy did not silence the stream' },
  })
  return disconnected(scenario, state)
}

/**
 * The proxy resets the connection. A Toxiproxy resets only connections that open after it was set to, and drops the first
 * bytes from the target: the client loses its connection before it receives anything, although the target serves it.
 */
export async function beReset(scenario: Scenario, before: ResumeState): Promise<ResumeState> {
  const { context } = scenario
  const proxy = await context.openProxy(context.endpoint.url)
  const state = await proveFault(context, {
    proxy,
    control: (via) => controlConnection(scenario, before, via),
    fault: resetPeer({ afterMs: 30, direction: 'server-to-client' }),
    async faulted(via) {
      const opened = await connectClient(scenario, before, via, false).catch((error: unknown) => {
        // With TLS not even the handshake completes.
        if (error instanceof Severed) return before
        throw error
      })
      const sent = await send(scenario, opened, scenario.eventsBefore)
      const stream = context.connectionsOn(via)[0]
      if (stream !== undefined) await endedRemotely(stream, context.limits.end)
      return sent
    },
  })
  return disconnected(scenario, state)
}

/** The client as it is if it has a connection; else connected by this route. */
async function connected(scenario: Scenario, state: ResumeState, via?: Route): Promise<ConnectedState> {
  const { client } = state
  return client === null ? connectClient(scenario, state, via) : { ...state, client }
}

/** Waits for the other side to end a connection; false if it does not in time. */
async function endedRemotely(stream: ByteStream, withinMs: number): Promise<boolean> {
  await stream.watch.until(() => stream.remoteEnding ?? undefined, withinMs)
  return stream.remoteEnding !== null
}
