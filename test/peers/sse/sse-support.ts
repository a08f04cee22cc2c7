import net from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Ending } from '#model/model'
import { openContext } from '#peers/session/context'
import type { SessionContext } from '#peers/session/context'
import type { Endpoint, PublishPlan } from '#peers/session/endpoint'
import { openServerKit } from '#protocols/kit'
import type { SessionEnvironment } from '#peers/session/session'
import type { Engine } from '#proxies/types'

/** Opens servers and sessions for one test, and closes them after it. */
export class Bench {
  readonly #closers: (() => unknown)[] = []
  readonly opened: Ending[] = []
  readonly refused: string[] = []

  defer(closer: () => unknown): void {
    this.#closers.push(closer)
  }

  async close(): Promise<void> {
    for (const closer of this.#closers.splice(0).reverse()) await closer()
  }

  /** A raw TCP server that calls `serve` with each socket. Errors of sockets are ignored. */
  async listen(serve: (socket: net.Socket) => void): Promise<URL> {
    const sockets = new Set<net.Socket>()
    const server = net.createServer((socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
      serve(socket)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.defer(() => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(resolve))
    })
    return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/events?x=1`)
  }

  /** A server that answers the first bytes of every connection with these. */
  answering(...pieces: readonly string[]): Promise<URL> {
    return this.listen((socket) => {
      socket.once('data', () => {
        for (const piece of pieces) socket.write(piece, 'latin1')
      })
    })
  }

  context(
    url: URL,
    options: {
      publish?: PublishPlan
      endpoint?: Partial<Endpoint>
      engine?: Engine
      timeScale?: number
    } = {},
  ): SessionContext {
    const endpoint: Endpoint = {
      protocol: 'sse',
      url,
      headers: [],
      tls: { ca: null, insecure: false },
      secureUrl: null,
      plainUrl: null,
      allowedOrigin: null,
      deniedOrigin: null,
      subprotocols: [],
      opening: [],
      publish: options.publish ?? null,
      request: { method: 'GET', headers: [], body: null },
      accept: 'text/event-stream',
      ...options.endpoint,
    }
    const environment: SessionEnvironment = {
      endpoints: [endpoint, { ...endpoint, protocol: 'websocket' }],
      client: null,
      engine: options.engine ?? null,
      seed: 1,
      timeScale: options.timeScale ?? 1,
      redactor: { text: (value) => value, bytes: (value) => value },
      observer: {
        opened: () => (ending) => void this.opened.push(ending),
        refused: (how) => void this.refused.push(how),
      },
    }
    const context = openContext(environment, { id: 'sse/test/test', protocol: 'sse' })
    this.defer(() => context.scope.close())
    return context
  }

  verbsOf(context: SessionContext) {
    return openServerKit(context)
  }

  verbs(url: URL, options: Parameters<Bench['context']>[1] = {}) {
    return openServerKit(this.context(url, options))
  }
}

export const stream = (body: string): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n${body}`

export const chunk = (text: string): string =>
  `${Buffer.byteLength(text, 'latin1').toString(16)}\r\n${text}\r\n`

/** What a rejection consists of: `expected` and `actual` of a Violation, else its reason and message. */
export async function caught(promise: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await promise
  } catch (error) {
    const { name, expected, actual, reason, message } = error as Record<string, unknown>
    return name === 'Violation' ? { name, expected, actual } : { name, reason, message }
  }
  return { name: 'nothing' }
}
