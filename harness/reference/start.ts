import type { Socket } from 'node:net'
import { UsageError } from '#model/errors'
import type { RequestHead } from './http/head.ts'
import { HttpConnection } from './http/server.ts'
import { listen } from './listener.ts'
import type { Listener } from './listener.ts'
import { mutantNamed } from './mutants.ts'
import { rulesFor } from './rules.ts'
import type { Rules } from './rules.ts'
import { acceptingSse } from './sse/accepting.ts'
import { Channel } from './sse/channel.ts'
import { serveSse } from './sse/server.ts'
import type { SseService } from './sse/server.ts'
import { makeCertificates } from './tls.ts'
import { serveWebSocket } from './websocket/server.ts'
import type { WebSocketService } from './websocket/server.ts'

export interface ReferenceOptions {
  /** Name of a mutant: starts the server with that one rule broken. */
  readonly mutant?: string
  /**
   * `echo` (default): echoes messages, and events can be published. `pushing`: sends a greeting and then an event
   * or message every 50 ms, echoes nothing and has no publish endpoint.
   */
  readonly variant?: 'echo' | 'pushing'
  /** Address to listen on. Default: 127.0.0.1, and ::1 if this machine has it. */
  readonly host?: string
  /** Default: any free ports. */
  readonly ports?: { readonly plain?: number; readonly secure?: number; readonly refusing?: number }
  /** Whether to serve WebSocket. Default: true. */
  readonly ws?: boolean
  /** Whether to serve the event stream. Default: true. */
  readonly sse?: boolean
  /** Time between two heartbeats of a stream, in ms. Default: 1000. */
  readonly heartbeatMs?: number
  /** Rules that replace the strict ones: policies that break no requirement, for tests. */
  readonly rules?: Partial<Rules>
}

/** The running reference server. */
export interface Reference extends AsyncDisposable {
  readonly ws: URL
  readonly wss: URL
  readonly http: URL
  readonly https: URL
  /** Accepts a POST with JSON `{data, event?, id?}`, or with a raw body and `?event=` and `?id=`. */
  readonly publish: URL
  /** Plain-text addresses of the secure service, which reject requests or redirect to the secure address. */
  readonly plainWs: URL
  readonly plainHttp: URL
  /** PEM of the authority that signed the certificate of the TLS ports. */
  readonly ca: string
  readonly allowedOrigin: string
  readonly deniedOrigin: string
  /** Ends every connection and frees the ports. Idempotent. */
  close(): Promise<void>
}

interface Services {
  readonly rules: Rules
  readonly webSocket: WebSocketService | null
  readonly sse: SseService | null
}

const allowedOrigin = 'https://app.streamproof.example'
const deniedOrigin = 'https://elsewhere.example'

/** Time between two events that the `pushing` variant sends by itself, in ms. */
const pushMs = 50

const ssePaths = new Set(['/events', '/publish'])

/** Starts the reference server. Throws a `UsageError` if there is no such mutant. */
export async function startReference(options: ReferenceOptions = {}): Promise<Reference> {
  const rules = { ...rulesOf(options.mutant), ...options.rules }
  const certificates = await makeCertificates(rules.certificate)
  const listeners: Listener[] = []
  const channel = new Channel(rules)
  const addresses = options.host === undefined ? ['127.0.0.1', '::1'] : [options.host]
  const name = options.host === undefined ? 'localhost' : hostName(options.host)
  const hosts = new Set(['localhost', '127.0.0.1', '[::1]', name])
  const variant = options.variant ?? 'echo'
  const services: Services = {
    rules,
    webSocket: options.ws === false ? null : { rules, variant, allowedOrigin, deniedOrigin },
    sse:
      options.sse === false
        ? null
        : {
            rules,
            channel,
            hosts,
            allowedOrigin,
            heartbeatMs: options.heartbeatMs ?? 1000,
            publishes: variant === 'echo',
            plainUrl: () => url('http', refusing, '/events').href,
          },
  }
  const serve = (socket: Socket): void => {
    if (rules.ipv6 === 'serve' || socket.localFamily !== 'IPv6') void handleConnection(socket, services)
  }
  const url = (scheme: string, { port }: Listener, path: string): URL =>
    new URL(`${scheme}://${name}:${port}${path}`)
  const open = async (
    kind: 'plain' | 'secure' | 'refusing',
    serveSocket: (socket: Socket) => void,
  ): Promise<Listener> => {
    const tls = kind === 'secure' ? { certificates, rules } : null
    const listener = await listen({ addresses, port: options.ports?.[kind] ?? 0, tls, serve: serveSocket })
    listeners.push(listener)
    return listener
  }
  let closing: Promise<void> | null = null
  const close = (): Promise<void> => {
    channel.close()
    closing ??= Promise.all(listeners.map((listener) => listener.close())).then(() => undefined)
    return closing
  }
  const fail = async (error: unknown): Promise<never> => {
    await close()
    throw error
  }
  const plain = await open('plain', serve).catch(fail)
  const secure = await open('secure', serve).catch(fail)
  const redirect = (socket: Socket): void => void redirectToSecure(socket, rules, url('https', secure, ''))
  const refusing = await open('refusing', rules.plainAddress === 'serve' ? serve : redirect).catch(fail)
  if (variant === 'pushing') keepPushing(channel)
  return {
    ws: url('ws', plain, '/'),
    wss: url('wss', secure, '/'),
    http: url('http', plain, '/events'),
    https: url('https', secure, '/events'),
    publish: url('http', plain, '/publish'),
    plainWs: url('ws', refusing, '/'),
    plainHttp: url('http', refusing, '/events'),
    ca: certificates.ca,
    allowedOrigin,
    deniedOrigin,
    close,
    [Symbol.asyncDispose]: close,
  }
}

function rulesOf(name: string | undefined): Rules {
  const mutant = name === undefined ? null : mutantNamed(name)
  if (name !== undefined && mutant === null) throw new UsageError(`the reference has no mutant named ${name}`)
  const rules = rulesFor(mutant)
  return rules.service === 'accept-everything' ? { ...rules, ...acceptingSse } : rules
}

/** An address as a URL writes it; `localhost` for a wildcard address. */
function hostName(address: string): string {
  if (address === '0.0.0.0' || address === '::') return 'localhost'
  return address.includes(':') ? `[${address}]` : address
}

/** Serves one connection, request after request. */
async function handleConnection(socket: Socket, services: Services): Promise<void> {
  const { rules, webSocket, sse } = services
  if (rules.service === 'dead') {
    // Reads on after its FIN: a socket closed with unread bytes would send a RST, depending on which came first.
    new HttpConnection(socket, rules).linger()
    return
  }
  if (rules.service === 'reset') {
    // Only a TCP socket can be reset.
    if ('encrypted' in socket) socket.destroy()
    else socket.resetAndDestroy()
    return
  }
  if (rules.service === 'mute') {
    socket.resume()
    return
  }
  const connection = new HttpConnection(socket, rules)
  for (;;) {
    const head = await connection.readHead()
    if (head === null) return
    if (webSocket !== null && wantsWebSocket(head)) {
      serveWebSocket(connection, head, webSocket)
      return
    }
    if (sse === null || !ssePaths.has(head.path)) {
      connection.respond({ status: 404, body: rules.errorBody('no such path') })
      return
    }
    if (!(await serveSse(connection, head, sse))) return
  }
}

/** A malformed handshake is rejected by the rules of a handshake, so the path alone decides. */
function wantsWebSocket(head: RequestHead): boolean {
  return head.path === '/' || head.get('upgrade') !== null || head.get('sec-websocket-key') !== null
}

/** The plain-text address of the secure service: redirects GET and HEAD to the secure address, rejects the rest. */
async function redirectToSecure(socket: Socket, rules: Rules, secure: URL): Promise<void> {
  const connection = new HttpConnection(socket, rules)
  const head = await connection.readHead()
  if (head === null) return
  const isReading = (head.method === 'GET' || head.method === 'HEAD') && head.get('upgrade') === null
  if (isReading) connection.respond({ status: 301, headers: [['Location', new URL(head.path, secure).href]] })
  else connection.respond({ status: 403, body: 'this service is available over TLS only\n' })
}

/** Publishes an event every `pushMs` until the channel closes. */
function keepPushing(channel: Channel): void {
  channel.later(pushMs, () => {
    channel.publish({ name: null, id: null, data: Buffer.from('tick') })
    keepPushing(channel)
  })
}
