import { WebSocket as UndiciWebSocket } from 'undici'
import WsWebSocket from 'ws'
import { connectOver, contractHeaders, dispatcherOver } from './route.ts'
import type { SessionContext } from '#peers/session/context'
import type { ClientReport, Route } from '#peers/kit'
import { reportRefusal } from '#peers/http/refusal'
import { Watch } from '#peers/net/watch'

interface Options {
  readonly via?: Route
  readonly echo?: string
}

/** What both clients can do, as far as it is needed here. */
interface Client {
  send(text: string): void
  close(code: number): void
  destroy(): void
}

/** The events of a client, recorded by its listeners. */
class ClientLog {
  readonly watch = new Watch()
  readonly messages: string[] = []
  opened = false
  closeCode: number | null = null
  closed = false
  error: string | null = null

  message(data: unknown): void {
    // Bounded for a target that never stops pushing.
    if (this.messages.length < 10_000) this.messages.push(typeof data === 'string' ? data : '')
    this.watch.changed()
  }

  failed(error: unknown): void {
    this.error ??= error instanceof Error ? error.message : 'the connection failed'
    this.watch.changed()
  }

  ended(code: number): void {
    this.closed = true
    this.closeCode = code
    this.watch.changed()
  }
}

/** Opens with the `ws` package, runs the contract's opening exchange and an optional echo, and closes with 1000. */
export function runWs(context: SessionContext, options: Options): Promise<ClientReport> {
  const endpoint = context.endpoint
  const route = options.via ?? context.direct(endpoint.url)
  const log = new ClientLog()
  const socket = new WsWebSocket(endpoint.url, [...endpoint.subprotocols], {
    createConnection: () => connectOver(context, endpoint, route),
    headers: contractHeaders(endpoint),
    handshakeTimeout: context.limits.head,
    maxPayload: 4_194_304,
  })
  socket.on('open', () => {
    log.opened = true
    log.watch.changed()
  })
  socket.on('unexpected-response', (request, response) => {
    const { statusCode: status = 0, headers } = response
    reportRefusal(context.environment.observer, { status, get: (name) => headers[name]?.toString() ?? null })
    log.failed(new Error(`Unexpected server response: ${status}`))
    request.destroy()
  })
  socket.on('message', (data, binary) => log.message(binary ? null : (data as Buffer).toString('utf8')))
  socket.on('error', (error) => log.failed(error))
  socket.on('close', (code) => log.ended(code))
  return converse(context, options, log, {
    send: (text) => socket.send(text),
    close: (code) => socket.close(code),
    destroy: () => socket.terminate(),
  })
}

/** As `runWs`, with undici's WebSocket. */
export function runUndiciWebSocket(context: SessionContext, options: Options): Promise<ClientReport> {
  const endpoint = context.endpoint
  const route = options.via ?? context.direct(endpoint.url)
  const log = new ClientLog()
  const agent = dispatcherOver(context, endpoint, route)
  const socket = new UndiciWebSocket(endpoint.url, {
    protocols: [...endpoint.subprotocols],
    headers: contractHeaders(endpoint),
    dispatcher: agent,
  })
  socket.addEventListener('open', () => {
    log.opened = true
    log.watch.changed()
  })
  socket.addEventListener('message', ({ data }) => log.message(data))
  socket.addEventListener('error', ({ error }) => log.failed(error))
  socket.addEventListener('close', ({ code }) => log.ended(code))
  return converse(context, options, log, {
    send: (text) => socket.send(text),
    close: (code) => socket.close(code),
    destroy: () => void agent.destroy(),
  })
}

async function converse(
  context: SessionContext,
  options: Options,
  log: ClientLog,
  client: Client,
): Promise<ClientReport> {
  const { limits, scope, transcript } = context
  scope.defer(() => {
    log.watch.stop()
    client.destroy()
  })
  await log.watch.until(() => (log.opened || log.closed ? true : undefined), limits.connect)
  if (!log.opened) {
    transcript.add('target', 'note', `the client did not open: ${log.error ?? 'no answer'}`)
    client.destroy()
    return {
      opened: false,
      echoed: false,
      closeCode: log.closeCode,
      error: log.error ?? 'no answer in time',
    }
  }
  transcript.add('harness', 'open', 'the client opened')
  await opening(context, log, client)
  let echoed = false
  if (options.echo !== undefined && !log.closed) {
    const { echo } = options
    client.send(echo)
    echoed = await received(log, (message) => message === echo, limits.reply)
    transcript.add('target', 'note', echoed ? 'the client received its echo' : 'the client received no echo')
  }
  if (!log.closed) client.close(1000)
  await log.watch.until(() => (log.closed ? true : undefined), limits.end)
  transcript.add('target', 'end', `the client closed with ${log.closeCode ?? 'no answer'}`)
  client.destroy()
  return { opened: true, echoed, closeCode: log.closeCode, error: log.error }
}

/** The contract's opening exchange. */
async function opening(context: SessionContext, log: ClientLog, client: Client): Promise<void> {
  for (const step of context.endpoint.opening) {
    if ('send' in step) client.send(step.send)
    else await received(log, (message) => message.includes(step.expect), context.limits.reply)
  }
}

async function received(
  log: ClientLog,
  match: (message: string) => boolean,
  withinMs: number,
): Promise<boolean> {
  const found = await log.watch.until(
    () => (log.closed || log.messages.some(match) ? true : undefined),
    withinMs,
  )
  return found === true && log.messages.some(match)
}
