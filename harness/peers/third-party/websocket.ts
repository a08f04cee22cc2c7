import { WebSocket as UndiciWebSocket } from 'undici'
import WsWebSocket from 'ws'
import { connectOver, contractHeaders, dispatcherOver } from './route.ts'
import type { SessionContext } from '#peers/session/context'
import type { ClientReport, Route } from '#peers/kit'
import { tellRefusal } from '#peers/http/refusal'
import { Watch } from '#peers/net/watch'

interface Options {
  readonly via?: Route
  readonly echo?: string
}

/** What both clients offer, as far as it is needed here. */
interface Client {
  send(text: string): void
  close(code: number): void
  destroy(): void
}

/** What a client told. Handed to the client's listeners, and waited on. */
class Story {
  readonly watch = new Watch()
  readonly messages: string[] = []
  opened = false
  closeCode: number | null = null
  closed = false
  error: string | null = null

  message(data: unknown): void {
    // Bounded: a target that pushes for ever fills nothing up.
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

/** Opens with the `ws` package, over the endpoint's opening exchange; echoes where asked; closes with 1000. */
export function runWs(context: SessionContext, options: Options): Promise<ClientReport> {
  const endpoint = context.endpoint('websocket')
  const route = options.via ?? context.direct(endpoint.url)
  const story = new Story()
  const socket = new WsWebSocket(endpoint.url, [...endpoint.subprotocols], {
    createConnection: () => connectOver(context, endpoint, route),
    headers: contractHeaders(endpoint),
    handshakeTimeout: context.limits.head,
    maxPayload: 4_194_304,
  })
  socket.on('open', () => {
    story.opened = true
    story.watch.changed()
  })
  socket.on('unexpected-response', (request, response) => {
    const { statusCode: status = 0, headers } = response
    tellRefusal(context.environment.observer, { status, get: (name) => headers[name]?.toString() ?? null })
    story.failed(new Error(`Unexpected server response: ${status}`))
    request.destroy()
  })
  socket.on('message', (data, binary) => story.message(binary ? null : (data as Buffer).toString('utf8')))
  socket.on('error', (error) => story.failed(error))
  socket.on('close', (code) => story.ended(code))
  return converse(context, options, story, {
    send: (text) => socket.send(text),
    close: (code) => socket.close(code),
    destroy: () => socket.terminate(),
  })
}

/** The same with undici's WebSocket. */
export function runUndiciWebSocket(context: SessionContext, options: Options): Promise<ClientReport> {
  const endpoint = context.endpoint('websocket')
  const route = options.via ?? context.direct(endpoint.url)
  const story = new Story()
  const agent = dispatcherOver(context, endpoint, route)
  const socket = new UndiciWebSocket(endpoint.url, {
    protocols: [...endpoint.subprotocols],
    headers: contractHeaders(endpoint),
    dispatcher: agent,
  })
  socket.addEventListener('open', () => {
    story.opened = true
    story.watch.changed()
  })
  socket.addEventListener('message', ({ data }) => story.message(data))
  socket.addEventListener('error', ({ error }) => story.failed(error))
  socket.addEventListener('close', ({ code }) => story.ended(code))
  return converse(context, options, story, {
    send: (text) => socket.send(text),
    close: (code) => socket.close(code),
    destroy: () => void agent.destroy(),
  })
}

async function converse(
  context: SessionContext,
  options: Options,
  story: Story,
  client: Client,
): Promise<ClientReport> {
  const { limits, scope, transcript } = context
  scope.defer(() => {
    story.watch.stop()
    client.destroy()
  })
  await story.watch.until(() => (story.opened || story.closed ? true : undefined), limits.connect)
  if (!story.opened) {
    transcript.add('target', 'note', `the client did not open: ${story.error ?? 'no answer'}`)
    client.destroy()
    return {
      opened: false,
      echoed: false,
      closeCode: story.closeCode,
      error: story.error ?? 'no answer in time',
    }
  }
  transcript.add('harness', 'open', 'the client opened')
  await opening(context, story, client)
  let echoed = false
  if (options.echo !== undefined && !story.closed) {
    const { echo } = options
    client.send(echo)
    echoed = await came(story, (message) => message === echo, limits.reply)
    transcript.add('target', 'note', echoed ? 'the client got its echo' : 'the client got no echo')
  }
  if (!story.closed) client.close(1000)
  await story.watch.until(() => (story.closed ? true : undefined), limits.end)
  transcript.add('target', 'end', `the client closed with ${story.closeCode ?? 'no answer'}`)
  client.destroy()
  return { opened: true, echoed, closeCode: story.closeCode, error: story.error }
}

/** What the contract says stands at the beginning of every conversation. */
async function opening(context: SessionContext, story: Story, client: Client): Promise<void> {
  for (const step of context.endpoint('websocket').opening) {
    if ('send' in step) client.send(step.send)
    else await came(story, (message) => message.includes(step.expect), context.limits.reply)
  }
}

async function came(story: Story, match: (message: string) => boolean, withinMs: number): Promise<boolean> {
  const found = await story.watch.until(
    () => (story.closed || story.messages.some(match) ? true : undefined),
    withinMs,
  )
  return found === true && story.messages.some(match)
}
