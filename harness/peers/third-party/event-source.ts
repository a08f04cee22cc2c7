import { once } from 'node:events'
import type net from 'node:net'
import { EventSource } from 'eventsource'
import type { FetchLike } from 'eventsource'
import { Inconclusive } from '#model/errors'
import { fetchOver } from './fetch.ts'
import { dispatcherOver, withHeaders } from './route.ts'
import type { SessionContext } from '#peers/session/context'
import { asLatin1 } from '#peers/http/request-head'
import type { ClientEvent, ConformingClients } from '#peers/kit'
import type { FaultProxy } from '#proxies/types'
import { takeLinkDown } from '#peers/faults/link-down'
import { faultNotProven } from '#peers/faults/prove-fault'
import { streamEndpoint } from '#peers/http/stream-request'
import { Watch } from '#peers/net/watch'

type Options = Parameters<ConformingClients['eventSource']>[0]

/** Events kept of one client. */
const maxEvents = 10_000
/** How long its proxy is down, in ms. */
const downMs = 100

/**
 * Runs the `eventsource` package until `until` holds, or until nothing has happened for the time that one event may
 * take. The check judges what it has received by then. Its reconnection time is short, unless the server sets one.
 *
 * @throws Inconclusive `out-of-time` if the server sets a reconnection time longer than the check may take.
 */
export async function runEventSource(context: SessionContext, options: Options) {
  const endpoint = context.endpoint
  const proxy = options.whileLinkDown === undefined ? null : await context.openProxy(endpoint.url)
  const route = proxy === null ? (options.via ?? context.direct(endpoint.url)) : context.through(proxy, [])
  const watch = new Watch()
  const events: ClientEvent[] = []
  const state = { opens: 0, steps: 0, errors: 0 }
  const first = options.lastEventId
  const sockets: net.Socket[] = []
  const agent = dispatcherOver(context, endpoint, route, (socket) => sockets.push(socket))
  const dispatcher = withHeaders(agent, streamEndpoint(endpoint), () =>
    first !== undefined && state.opens === 0
      ? [['last-event-id', asLatin1(new TextEncoder().encode(first))]]
      : [],
  )
  const source = new ObservedEventSource(endpoint.url, fetchOver(dispatcher, endpoint.request), (event) => {
    state.steps += 1
    if (event.type === 'open') state.opens += 1
    else if (event.type === 'error') state.errors += 1
    else if ('data' in event && 'lastEventId' in event && events.length < maxEvents) {
      events.push({ type: event.type, data: String(event.data), lastEventId: String(event.lastEventId) })
      context.transcript.add(
        'target',
        'event',
        `EventSource got an event of type ${JSON.stringify(event.type.slice(0, 40))}`,
      )
    }
    watch.changed()
  })
  context.scope.defer(() => {
    source.close()
    watch.stop()
  })
  await watch.until(
    () => (state.opens > 0 || source.readyState === 2 ? true : undefined),
    context.limits.head,
  )
  if (state.opens > 0) await options.onOpen?.()
  if (state.opens > 0 && proxy !== null) {
    const isClosed = (): boolean => source.readyState === 2
    await interrupt(context, proxy, {
      watch,
      state,
      events,
      sockets,
      isClosed,
      during: options.whileLinkDown,
    })
    await context.readFaultLogs()
    if (state.opens === 1) return { events, opens: 1 }
    await options.onReconnect?.()
  }
  await untilEnough(context, watch, state, () => options.until(events) || source.readyState === 2)
  source.close()
  return { events, opens: state.opens }
}

interface Interruption {
  readonly watch: Watch
  readonly state: { readonly opens: number; readonly errors: number }
  readonly events: readonly ClientEvent[]
  /** The client's connections, in order. */
  readonly sockets: readonly net.Socket[]
  readonly isClosed: () => boolean
  readonly during: (() => Promise<void>) | undefined
}

/** Takes the proxy of the client down, checks that the client notices, brings it up, and waits for the reconnect. */
async function interrupt(
  context: SessionContext,
  proxy: FaultProxy,
  { watch, state, events, sockets, isClosed, during }: Interruption,
) {
  const { limits } = context
  await watch.until(() => (events.length > 0 || isClosed() ? true : undefined), limits.event)
  const { opens, errors } = state
  const socket = sockets.at(-1)
  const down = await takeLinkDown(context, proxy, downMs, {
    isOpen: () => socket !== undefined && !isOver(socket),
    ended: async () => socket !== undefined && (await hasEnded(socket, limits.end)),
  })
  await watch.until(() => (state.errors > errors ? true : undefined), limits.end)
  if (state.errors === errors) throw faultNotProven('the client did not notice that the proxy was down')
  await during?.()
  const connectionsBefore = sockets.length
  await down.restore()
  // The server may have set a reconnection time of seconds.
  await watch.until(() => (state.opens > opens || isClosed() ? true : undefined), 2 * limits.event)
  if (state.opens === opens && !isClosed() && sockets.length === connectionsBefore)
    throw new Inconclusive(
      'out-of-time',
      'the reconnection time that the server set is longer than this check may take',
    )
}

const isOver = (socket: net.Socket): boolean => socket.destroyed || socket.readableEnded

/** The client closes its half when it sees the end of the other one. */
async function hasEnded(socket: net.Socket, withinMs: number): Promise<boolean> {
  if (isOver(socket)) return true
  // A reset is an error event, and an end.
  await once(socket, 'close', { signal: AbortSignal.timeout(withinMs) }).catch(() => undefined)
  return isOver(socket)
}

/** Waits until `enough`; every event restarts the limit, up to ten limits in total. */
async function untilEnough(
  context: SessionContext,
  watch: Watch,
  state: { steps: number },
  enough: () => boolean,
): Promise<void> {
  const deadline = context.now() + 10 * context.limits.event
  for (;;) {
    const seen = state.steps
    await watch.until(() => (enough() || state.steps > seen ? true : undefined), context.limits.event)
    if (enough() || state.steps === seen || context.now() > deadline) return
  }
}

/** Listeners need the names of the events in advance; this sees them all. */
class ObservedEventSource extends EventSource {
  readonly #onEvent: (event: Event) => void

  constructor(url: URL, fetch: FetchLike, onEvent: (event: Event) => void) {
    super(url, { fetch })
    this.#onEvent = onEvent
  }

  override dispatchEvent(event: Event): boolean {
    this.#onEvent(event)
    return super.dispatchEvent(event)
  }
}
