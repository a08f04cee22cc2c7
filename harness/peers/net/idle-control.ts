import { Inconclusive, Violation } from '#model/errors'
import type { SessionContext } from '#peers/session/context'
import type { ByteStream } from './byte-stream.ts'

/** A connection that nobody uses, and whether its target has ended it. */
export interface Idle {
  readonly stream: ByteStream
  /** The target has ended it, by whatever means. */
  readonly isEnded: () => boolean
}

/**
 * A server may end a connection whenever it likes (RFC 6455 7.3), and many end those on which nothing happens. Where
 * the target ended a connection that had stood for so long, another one, straight and silent, shows whether it was for
 * its age or its silence: nothing is charged then.
 *
 * The control is watched for longer: who looks for silent connections every T ms ends them between T and 2 T.
 *
 * @param stoodMs how long the connection had stood when it was missed.
 * @returns the reason why nothing can be judged; null where the control stood.
 * @throws Inconclusive where no control can be had because the target refuses connections.
 */
export async function endedByPolicy(
  context: SessionContext,
  what: 'connections' | 'streams',
  stoodMs: number,
  open: () => Promise<Idle>,
): Promise<Inconclusive | null> {
  // A WebSocket that ends at once did not end by policy; a stream may well, behind its last event.
  if (what === 'connections' && stoodMs < context.limits.quiet) return null
  const watchedMs = Math.max(context.limits.quiet, Math.min(2 * stoodMs, stoodMs + context.limits.end))
  // One at a time: a target that bears only one connection would end the controls of twenty by each other.
  const before = controls[what].get(context)?.catch(() => null) ?? Promise.resolve(null)
  const suffices = ({ ended, watchedMs: seen }: Control): boolean =>
    ended || seen - stoodMs >= (watchedMs - stoodMs) / 2
  const found = before.then((known) =>
    known !== null && suffices(known) ? known : watchIdle(context, watchedMs, open),
  )
  controls[what].set(context, found)
  return (await found).ended ? new Inconclusive('ended-idle', says[what]) : null
}

interface Control {
  readonly ended: boolean
  readonly watchedMs: number
}

/** What the controls of a session have shown so far. */
const controls = {
  connections: new WeakMap<SessionContext, Promise<Control>>(),
  streams: new WeakMap<SessionContext, Promise<Control>>(),
} as const

async function watchIdle(
  context: SessionContext,
  watchedMs: number,
  open: () => Promise<Idle>,
): Promise<Control> {
  context.transcript.add(
    'harness',
    'note',
    'an idle control: another connection, without a fault, left silent',
  )
  try {
    const { stream, isEnded } = await open()
    await stream.watch.until(() => (isEnded() ? true : undefined), watchedMs)
    const ended = isEnded()
    await stream.close()
    return { ended, watchedMs }
  } catch (error) {
    // A target that opens no connection any more is not known to be patient.
    if (error instanceof Violation) return { ended: false, watchedMs }
    throw error
  }
}

const says = {
  connections: 'the target ends idle connections sooner than this exchange takes',
  streams: 'the target ends streams by itself sooner than this exchange takes',
} as const
