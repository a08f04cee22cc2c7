import { Inconclusive, Violation } from '#model/errors'
import type { SessionContext } from '#peers/session/context'
import type { ByteStream } from './byte-stream.ts'

/** A connection that is left idle, and whether its target has ended it. */
export interface IdleControl {
  readonly stream: ByteStream
  /** The target has ended it, by whatever means. */
  readonly isEnded: () => boolean
}

/**
 * Finds out whether a connection that the target ended, ended by an idle policy. A server may end a connection at any
 * time (RFC 6455 7.3), and many end idle ones: that breaks no rule. The control is another connection, direct and left
 * idle. If the target ends that one as well, nothing can be judged.
 *
 * The control is watched for longer than `ageMs`: a server that looks for idle connections every T ms ends them at an
 * age between T and 2 T.
 *
 * @param ageMs age of the connection when its expected answer was missing.
 * @returns the reason why nothing can be judged; null if the control stayed open.
 * @throws Inconclusive if no control can be opened because the target refuses connections.
 */
export async function endedByPolicy(
  context: SessionContext,
  kind: 'connections' | 'streams',
  ageMs: number,
  open: () => Promise<IdleControl>,
): Promise<Inconclusive | null> {
  // A WebSocket that ends at once did not end by an idle policy; an event stream may end after its last event.
  if (kind === 'connections' && ageMs < context.limits.quiet) return null
  const watchedMs = Math.max(context.limits.quiet, Math.min(2 * ageMs, ageMs + context.limits.end))
  // One at a time: a target that allows one connection would end the controls of twenty by each other.
  const before = controls[kind].get(context)?.catch(() => null) ?? Promise.resolve(null)
  const suffices = ({ ended, watchedMs: watched }: ControlResult): boolean =>
    ended || watched - ageMs >= (watchedMs - ageMs) / 2
  const result = before.then((earlier) =>
    earlier !== null && suffices(earlier) ? earlier : watchIdle(context, watchedMs, open),
  )
  controls[kind].set(context, result)
  return (await result).ended ? new Inconclusive('ended-idle', reasons[kind]) : null
}

interface ControlResult {
  readonly ended: boolean
  readonly watchedMs: number
}

/** The latest control of each session. */
const controls = {
  connections: new WeakMap<SessionContext, Promise<ControlResult>>(),
  streams: new WeakMap<SessionContext, Promise<ControlResult>>(),
} as const

async function watchIdle(
  context: SessionContext,
  watchedMs: number,
  open: () => Promise<IdleControl>,
): Promise<ControlResult> {
  context.transcript.add('harness', 'note', 'idle control: another connection, without a fault, is left idle')
  try {
    const { stream, isEnded } = await open()
    await stream.watch.until(() => (isEnded() ? true : undefined), watchedMs)
    const ended = isEnded()
    await stream.close()
    return { ended, watchedMs }
  } catch (error) {
    // If the target opens no other connection, an idle policy is not shown.
    if (error instanceof Violation) return { ended: false, watchedMs }
    throw error
  }
}

const reasons = {
  connections: 'the target ends idle connections sooner than this exchange takes',
  streams: 'the target ends streams by itself sooner than this exchange takes',
} as const
