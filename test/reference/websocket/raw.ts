import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { once } from 'node:events'
import { HttpConnection } from '#reference/http/server'
import { mutantNamed } from '#reference/mutants'
import { rulesFor } from '#reference/rules'
import type { Rules } from '#reference/rules'
import { serveWebSocket } from '#reference/websocket/server'

/** The WebSocket service of the reference, without its HTTP routing. */
export interface Served extends AsyncDisposable {
  readonly port: number
}

export async function serve(
  options: { mutant?: string; rules?: Partial<Rules>; variant?: 'echo' | 'pushing' } = {},
): Promise<Served> {
  const mutant = options.mutant === undefined ? null : mutantNamed(options.mutant)
  if (options.mutant !== undefined && mutant === null) throw new Error(`unknown mutant ${options.mutant}`)
  const rules = { ...rulesFor(mutant), ...options.rules }
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    const connection = new HttpConnection(socket, rules)
    void connection.readHead().then((head) => {
      if (head === null) return
      serveWebSocket(connection, head, {
        rules,
        variant: options.variant ?? 'echo',
        allowedOrigin: 'https://app.example',
        deniedOrigin: 'https://evil.example',
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A TCP client that sends and receives raw bytes. */
export class Raw implements Disposable {
  readonly #socket: Socket
  #received = Buffer.alloc(0)
  #ended = false
  #wake: (() => void) | null = null

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    this.#socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake?.()
    })
    const ended = (): void => {
      this.#ended = true
      this.#wake?.()
    }
    this.#socket.on('error', ended)
    this.#socket.on('end', ended)
    this.#socket.on('close', ended)
  }

  send(bytes: Buffer | string): void {
    this.#socket.write(bytes)
  }

  /** Sends one byte per write, and lets each reach the socket before the next. */
  async sendSlowly(bytes: Buffer): Promise<void> {
    for (const byte of bytes) {
      this.#socket.write(Buffer.from([byte]))
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  finish(): void {
    this.#socket.end()
  }

  /** Waits for this many bytes, and returns them as hex. */
  async take(length: number): Promise<string> {
    await this.#until(() => this.#received.length >= length)
    const taken = this.#received.subarray(0, length)
    this.#received = this.#received.subarray(length)
    return taken.toString('hex')
  }

  /** Waits for the head of an HTTP response. */
  async head(): Promise<string> {
    await this.#until(() => this.#received.includes('\r\n\r\n'))
    const end = this.#received.indexOf('\r\n\r\n') + 4
    const head = this.#received.toString('latin1', 0, end)
    this.#received = this.#received.subarray(end)
    return head
  }

  /** Waits for the end of the connection, and returns the bytes before it as hex. */
  async rest(): Promise<string> {
    await this.#until(() => this.#ended)
    const all = this.#received.toString('hex')
    this.#received = Buffer.alloc(0)
    return all
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.#ended)
        throw new Error(`the server closed the connection; received: ${this.#received.toString('latin1')}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }
}

/** The sample handshake of RFC 6455 1.3. */
export const sample = [
  'GET /ws HTTP/1.1',
  'Host: server.example.com',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
]

export function request(lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** Connects and completes the handshake, with additional header lines. */
export async function opened(port: number, headerLines: readonly string[] = []): Promise<Raw> {
  const raw = new Raw(port)
  raw.send(request([...sample, ...headerLines]))
  await raw.head()
  return raw
}

/** A masked frame: its first byte, its payload, its masking key as hex. */
export function frame(first: number, payload: string | Buffer, key = '01020304'): Buffer {
  const bytes = Buffer.from(payload)
  const mask = Buffer.from(key, 'hex')
  const length =
    bytes.length < 126
      ? Buffer.from([0x80 | bytes.length])
      : bytes.length < 65_536
        ? Buffer.from([0xfe, bytes.length >> 8, bytes.length & 255])
        : Buffer.concat([Buffer.from([0xff, 0, 0, 0, 0]), uint32(bytes.length)])
  const masked = bytes.map((byte, index) => byte ^ (mask[index % 4] as number))
  return Buffer.concat([Buffer.from([first]), length, mask, masked])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex')
}
