import type { Fault } from '#proxies/types'
import { blackHole, resetPeer } from '#proxies/faults'
import type { ResumePlan } from '#peers/kit'
import { takeDown } from '#peers/faults/link-down'
import { engineDoes, unproven } from '#peers/faults/link-words'
import { cut } from './cut-loss.ts'
import { close, connectClient, lost, record, rehearsal, sendBoth } from './stage.ts'
import type { Stage } from './stage.ts'
import { Severed } from '#peers/faults/severed'

export type Loss = ResumePlan['loss']

/** Connects the client where that is needed, sends events, and takes its stream away. */
export async function lose(stage: Stage, loss: Loss): Promise<void> {
  switch (loss.kind) {
    case 'cut':
      await cut(stage, loss.at)
      break
    case 'rst':
      await reset(stage, resetPeer({ afterMs: 30, direction: 'server-to-client' }))
      break
    case 'black-hole':
      await silence(stage, blackHole({ direction: 'server-to-client' }))
      break
    case 'down':
      await goDown(stage, loss.ms)
      break
    case 'client-fin':
    case 'client-rst':
      await hangUp(stage, loss.kind)
      break
  }
}

async function hangUp(stage: Stage, kind: 'client-fin' | 'client-rst'): Promise<void> {
  const client = stage.client ?? (await connectClient(stage, undefined))
  await sendBoth(stage, client)
  if (kind === 'client-rst') client.reset()
  else client.close()
  await client.exchange.stream.close()
  lost(stage, client)
}

/** The client comes back by the same link, once it is up again. */
async function goDown(stage: Stage, ms: number): Promise<void> {
  const { context } = stage
  const link = stage.link ?? (await context.openLink(context.endpoint('sse').url))
  stage.link = link
  const client = stage.client ?? (await connectClient(stage, { ...context.through(link, []), severs: true }))
  await sendBoth(stage, client)
  const { stream } = client.exchange
  stage.down = await takeDown(context, link, ms, {
    isOpen: () => stream.ending === null,
    async ended() {
      await stream.watch.until(() => stream.remoteEnding ?? undefined, context.limits.end)
      return stream.remoteEnding !== null
    },
  })
  lost(stage, client)
}

/** The connection stands, but from some event on nothing comes any more. It is left half-open. */
async function silence(stage: Stage, fault: Fault): Promise<void> {
  const { context, witness } = stage
  const link = await context.openLink(context.endpoint('sse').url)
  const client = await connectClient(stage, { ...context.through(link, []), severs: true })
  await sendBoth(stage, client)
  await engineDoes(link.setFaults([fault]))
  const { serverToClientBytes } = client.trace
  await stage.feed.next(1, stage.index)
  stage.index += 1
  const { stream } = client.exchange
  const stirs = (): true | undefined =>
    client.trace.serverToClientBytes > serverToClientBytes || stream.ending !== null ? true : undefined
  const stirred = await stream.watch.until(stirs, context.limits.quiet)
  if (stirred === true) throw unproven('the link did not silence the stream')
  stream.gaveUp()
  const summary = 'no further byte came and the connection stayed open, while the witness got what was sent'
  record(stage, link, fault, {
    proven: true,
    summary,
    figures: { bytes: serverToClientBytes, witnessBytes: witness.trace.serverToClientBytes },
  })
  lost(stage, client)
}

/**
 * A RST. A Toxiproxy sends one only where it was told before the connection opened, and drops the first bytes that
 * come down: so the client is taken away before it got anything, although the target has begun to serve it.
 */
async function reset(stage: Stage, fault: Fault): Promise<void> {
  const { context } = stage
  const link = await context.openLink(context.endpoint('sse').url)
  const control = await rehearsal(stage, link)
  await close(control)
  await engineDoes(link.setFaults([fault]))
  const route = context.through(link, [fault])
  const client = await connectClient(stage, route, false).catch((error: unknown) => {
    // Under TLS not even the handshake comes through.
    if (error instanceof Severed) return null
    throw error
  })
  await stage.feed.next(stage.before, stage.index)
  stage.index += stage.before
  const connection = context.connectionsOn(route)[0]
  if (connection === undefined) throw unproven('the link took no connection')
  await connection.watch.until(() => connection.remoteEnding ?? undefined, context.limits.end)
  record(stage, link, fault, fault.prove(connection.trace, control.trace))
  lost(stage, client)
}
