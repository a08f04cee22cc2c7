import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

/** One end of a connection, as a test sees it. */
export class Wire {
  readonly socket: Socket
  readonly arrivals: { readonly ms: number; readonly bytes: number }[] = []
  /** How the other side ended it. `closed`: we did. */
  readonly ended: Promise<'fin' | 'rst' | 'closed'>
  endedAt: number | null = null
  #chunks: Buffer[] = []
  #length = 0
  #waiting: (() => void)[] = []
  readonly #start = performance.now()

  constructor(socket: Socket) {
    this.socket = socket
    this.ended = new Promise((resolve) => {
      const end = (how: 'fin' | 'rst' | 'closed'): void => {
        this.endedAt ??= this.now()
        resolve(how)
        this.#wake()
      }
      socket.on('end', () => end('fin'))
      socket.on('error', (error: NodeJS.ErrnoException) =>
        end(error.code === 'ECONNRESET' || error.code === 'EPIPE' ? 'rst' : 'closed'),
      )
      socket.on('close', () => end('closed'))
    })
    socket.on('data', (data) => {
      this.#chunks.push(data)
      this.#length += data.length
      this.arrivals.push({ ms: this.now(), bytes: data.length })
      this.#wake()
    })
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<Wire> {
    const socket = connect({ port, host, allowHalfOpen: true, noDelay: true })
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve())
      socket.once('error', reject)
    })
    socket.removeAllListeners('error')
    return new Wire(socket)
  }

  /** Milliseconds since this end was opened. */
  now(): number {
    return performance.now() - this.#start
  }

  get length(): number {
    return this.#length
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  get text(): string {
    return this.received.toString('latin1')
  }

  send(data: Buffer | string): void {
    this.socket.write(data)
  }

  /** Sends until nothing more is taken for half a second, and gives how much that was; throws where `most` is taken. */
  async fill(most = 96 * 1024 * 1024): Promise<number> {
    const piece = Buffer.alloc(64 * 1024)
    for (let sent = piece.length; sent <= most; sent += piece.length) {
      if (this.socket.write(piece)) continue
      const goesOn = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(false), 500)
        this.socket.once('drain', () => {
          clearTimeout(timer)
          resolve(true)
        })
      })
      if (!goesOn) return sent
    }
    throw new Error(`nothing held ${most} bytes up`)
  }

  /** FIN; still reads. */
  fin(): void {
    this.socket.end()
  }

  rst(): void {
    this.socket.resetAndDestroy()
  }

  /** Until so many bytes have come; throws where the connection ends before, or after five seconds. */
  async got(bytes: number): Promise<Buffer> {
    const limit = performance.now() + 5000
    while (this.#length < bytes) {
      if (this.endedAt !== null)
        throw new Error(`the connection ended after ${this.#length} of ${bytes} bytes`)
      if (performance.now() > limit) throw new Error(`only ${this.#length} of ${bytes} bytes came`)
      await this.#change(limit - performance.now())
    }
    return this.received
  }

  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, ms))
      this.#waiting.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

/** A server whose connections a test holds in its hand. */
export class Upstream {
  readonly port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #accepted: Wire[] = []
  readonly #waiting: ((wire: Wire) => void)[] = []
  count = 0

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
  }

  static async open(accepted?: (wire: Wire) => void): Promise<Upstream> {
    const server = createServer({ allowHalfOpen: true, noDelay: true })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve())
    })
    const upstream = new Upstream(server)
    server.on('connection', (socket) => {
      upstream.count++
      upstream.#sockets.add(socket)
      socket.on('close', () => upstream.#sockets.delete(socket))
      const wire = new Wire(socket)
      accepted?.(wire)
      const waiting = upstream.#waiting.shift()
      if (waiting === undefined) upstream.#accepted.push(wire)
      else waiting(wire)
    })
    return upstream
  }

  /** Sends everything back. */
  static echo(): Promise<Upstream> {
    return Upstream.open((wire) => wire.socket.pipe(wire.socket))
  }

  get open(): number {
    return this.#sockets.size
  }

  /** The next connection that was accepted. */
  next(): Promise<Wire> {
    const wire = this.#accepted.shift()
    if (wire !== undefined) return Promise.resolve(wire)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no connection reached the upstream')), 5000)
      this.#waiting.push((one) => {
        clearTimeout(timer)
        resolve(one)
      })
    })
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      for (const socket of this.#sockets) socket.destroy()
    })
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until something holds; throws with `what` after five seconds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const limit = performance.now() + 5000
  while (!(await holds())) {
    if (performance.now() > limit) throw new Error(`it never came about that ${what}`)
    await sleep(5)
  }
}

/** Waits until a figure has stayed the same for half a second; throws with `what` after half a minute. */
export async function quiet(what: string, figure: () => number | Promise<number>): Promise<void> {
  const limit = performance.now() + 30_000
  let last = await figure()
  for (let still = 0; still < 10;) {
    if (performance.now() > limit) throw new Error(`it never came about that ${what}`)
    await sleep(50)
    const now = await figure()
    still = now === last ? still + 1 : 0
    last = now
  }
}
