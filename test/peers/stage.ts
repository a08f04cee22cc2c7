import { createHash } from 'node:crypto'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import { openSession } from '#peers/session/open-session'
import { openContext } from '#peers/session/context'
import type { SessionContext } from '#peers/session/context'
import type { Endpoint } from '#peers/session/endpoint'
import type { Session, SessionEnvironment } from '#peers/session/session'
import { openServerKit } from '#protocols/kit'
import type { Kit } from '#peers/kit'
import type { Engine, Fault, FaultProxy } from '#proxies/types'

/** What a little server does with one connection: it may write any bytes, at any time, or nothing. */
export type Act = (socket: net.Socket) => void

/** Everything that one test opened; closed whole after it. */
export class Stage {
  readonly #closers: (() => unknown)[] = []
  readonly refused: string[] = []
  readonly standing = new Set<object>()

  /** A TCP server on loopback with this behaviour. */
  async serve(act: Act): Promise<URL> {
    const sockets = new Set<net.Socket>()
    const server = net.createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      act(socket)
    })
    this.#closers.push(() => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(resolve))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new URL(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  }

  environment(
    url: URL,
    changes: Partial<SessionEnvironment> = {},
    endpoint: Partial<Endpoint> = {},
  ): SessionEnvironment {
    return {
      endpoints: [endpointOf(url, endpoint)],
      client: null,
      engine: null,
      seed: 1,
      timeScale: 1,
      redactor: { text: (value) => value, bytes: (value) => value },
      observer: {
        opened: () => {
          const one = {}
          this.standing.add(one)
          return () => void this.standing.delete(one)
        },
        refused: (how) => void this.refused.push(how),
      },
      ...changes,
    }
  }

  session(
    url: URL,
    changes: Partial<SessionEnvironment> = {},
    endpoint: Partial<Endpoint> = {},
  ): Session<Kit> {
    const session = openSession(
      this.environment(url, changes, endpoint),
      { id: 'ws/test/one', protocol: 'websocket' },
      openServerKit,
    )
    this.#closers.push(() => session.close())
    return session
  }

  context(
    url: URL,
    changes: Partial<SessionEnvironment> = {},
    endpoint: Partial<Endpoint> = {},
  ): SessionContext {
    const context = openContext(this.environment(url, changes, endpoint), {
      id: 'ws/test/one',
      protocol: 'websocket',
    })
    this.#closers.push(() => context.scope.close())
    return context
  }

  /** Runs when the test is over. */
  defer(closer: () => unknown): void {
    this.#closers.push(closer)
  }

  async close(): Promise<void> {
    for (const closer of this.#closers.toReversed()) await closer()
  }
}

export function endpointOf(url: URL, changes: Partial<Endpoint> = {}): Endpoint {
  return {
    protocol: 'websocket',
    url,
    headers: [],
    tls: { ca: null, insecure: false },
    secureUrl: null,
    plainUrl: null,
    allowedOrigin: null,
    deniedOrigin: null,
    subprotocols: [],
    opening: [],
    publish: null,
    request: { method: 'GET', headers: [], body: null },
    accept: '*/*',
    ...changes,
  }
}

/** Answers a handshake by hand, then hands over every further chunk. */
export function upgraded(then: (socket: net.Socket) => (bytes: Buffer) => void, more = ''): Act {
  return (socket) => {
    let head = ''
    let open: ((bytes: Buffer) => void) | null = null
    socket.on('data', (bytes) => {
      if (open !== null) {
        open(bytes)
        return
      }
      head += bytes.toString('latin1')
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      socket.write(accepting(head, more))
      open = then(socket)
      const rest = Buffer.from(head.slice(end + 4), 'latin1')
      if (rest.length > 0) open(rest)
    })
  }
}

export function accepting(head: string, more = ''): string {
  const key = /^sec-websocket-key: *(.*)$/im.exec(head)?.[1]?.trim() ?? ''
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${more}\r\n`
}

/** Short masked frames, as a client sends them, by hand. */
export interface ClientFrame {
  readonly first: number
  readonly payload: Buffer
}

/** A reader of client frames of up to 65 535 bytes; not the codec under test. */
export function clientFrames(each: (frame: ClientFrame) => void): (bytes: Buffer) => void {
  let held = Buffer.alloc(0)
  return (bytes) => {
    held = Buffer.concat([held, bytes])
    for (;;) {
      if (held.length < 2) return
      const short = (held[1] as number) & 0x7f
      const masked = ((held[1] as number) & 0x80) !== 0
      const at = short === 126 ? 4 : 2
      if (held.length < at) return
      const length = short === 126 ? held.readUInt16BE(2) : short
      const start = at + (masked ? 4 : 0)
      if (held.length < start + length) return
      const key = held.subarray(at, start)
      const payload = Buffer.from(held.subarray(start, start + length))
      if (masked) payload.forEach((byte, index) => (payload[index] = byte ^ (key[index & 3] as number)))
      const first = held[0] as number
      held = held.subarray(start + length)
      each({ first, payload })
    }
  }
}

/** An unmasked frame of up to 65 535 bytes. */
export function serverFrame(first: number, payload: Buffer | string): Buffer {
  const bytes = Buffer.from(payload)
  const head =
    bytes.length < 126 ? [first, bytes.length] : [first, 126, bytes.length >> 8, bytes.length & 255]
  return Buffer.concat([Buffer.from(head), bytes])
}

/** Answers Pings, and data frames as `data` says. */
export function ponging(data: (socket: net.Socket, frame: ClientFrame) => void = () => undefined): Act {
  return upgraded((socket) =>
    clientFrames((frame) => {
      if ((frame.first & 0x0f) === 9) socket.write(serverFrame(0x8a, frame.payload))
      else data(socket, frame)
    }),
  )
}

export const echoing: Act = ponging((socket, frame) => {
  if ((frame.first & 0x0f) === 8) socket.end(serverFrame(0x88, frame.payload))
  else socket.write(serverFrame(frame.first, frame.payload))
})

/** An engine of one forwarder per link, whose faults are functions of the test. */
export function forwarder(
  stage: Stage,
  strike: (fault: Fault, client: net.Socket, upstream: net.Socket) => void,
): Engine {
  return {
    kind: 'embedded',
    version: 'test',
    api: '',
    async open(upstream) {
      let faults: readonly Fault[] = []
      const sockets = new Set<net.Socket>()
      const server = net.createServer((client) => {
        const up = net.connect(upstream)
        for (const socket of [client, up]) {
          sockets.add(socket)
          socket.on('error', () => undefined)
        }
        client.on('close', () => up.destroy())
        up.on('close', () => client.destroy())
        client.on('data', (bytes) => up.write(bytes))
        if (faults.length === 0) up.on('data', (bytes) => client.write(bytes))
        for (const fault of faults) strike(fault, client, up)
      })
      const close = async (): Promise<void> => {
        for (const socket of sockets) socket.destroy()
        if (server.listening) await new Promise((resolve) => server.close(resolve))
      }
      stage.defer(close)
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const link: FaultProxy = {
        name: 'test',
        host: '127.0.0.1',
        port: (server.address() as AddressInfo).port,
        async setFaults(next) {
          faults = next
        },
        setEnabled: () => Promise.reject(new Error('not in this engine')),
        loggedConnections: () => Promise.resolve(null),
        close,
        [Symbol.asyncDispose]: close,
      }
      return link
    },
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  }
}
