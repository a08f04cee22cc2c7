import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

/** Limit in ms of every wait for an event. It only bounds a failing test: a passing one never waits for a time. */
export const limitMs = 15_000

/** One end of a connection. Collects what it receives, when, and how the other side ended. */
export class Wire {
  readonly socket: Socket
  readonly arrivals: { readonly ms: number; readonly bytes: number }[] = []
  /** How the other side ended it; `closed`: this side did. */
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

  /**
   * Sends until the socket takes nothing more for half a second.
   * @returns the number of bytes taken.
   * @throws Error if `limitBytes` are taken.
   */
  async fill(limitBytes = 96 * 1024 * 1024): Promise<number> {
    const piece = Buffer.alloc(64 * 1024)
    for (let sent = piece.length; sent <= limitBytes; sent += piece.length) {
      if (this.socket.write(piece)) continue
      const isWritable = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(false), 500)
        this.socket.once('drain', () => {
          clearTimeout(timer)
          resolve(true)
        })
      })
      if (!isWritable) return sent
    }
    throw new Error(`the socket took ${limitBytes} bytes: nothing stopped the sender`)
  }

  /** Sends FIN; this side still reads. */
  fin(): void {
    this.socket.end()
  }

  rst(): void {
    this.socket.resetAndDestroy()
  }

  /** Waits for so many bytes. @throws Error if the connection ends before, or after `limitMs`. */
  async got(bytes: number): Promise<Buffer> {
    const limit = performance.now() + limitMs
    while (this.#length < bytes) {
      if (this.endedAt !== null)
        throw new Error(`the connection ended after ${this.#length} of ${bytes} bytes`)
      if (performance.now() > limit)
        throw new Error(`only ${this.#length} of ${bytes} bytes arrived in ${limitMs} ms`)
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

/** A TCP server that gives the test every connection it accepts. */
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

  /** A server that sends everything back. */
  static echo(): Promise<Upstream> {
    return Upstream.open((wire) => wire.socket.pipe(wire.socket))
  }

  get open(): number {
    return this.#sockets.size
  }

  /** The next accepted connection. @throws Error after `limitMs`. */
  next(): Promise<Wire> {
    const wire = this.#accepted.shift()
    if (wire !== undefined) return Promise.resolve(wire)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no connection reached the upstream')), limitMs)
      this.#waiting.push((accepted) => {
        clearTimeout(timer)
        resolve(accepted)
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

/** Waits until a condition holds. @throws Error that names the condition, after `limitMs`. */
export async function until(condition: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const limit = performance.now() + limitMs
  while (!(await holds())) {
    if (performance.now() > limit) throw new Error(`not within ${limitMs} ms: ${condition}`)
    await sleep(5)
  }
}

/** Waits until a figure has not changed for half a second. @throws Error that names the condition, after 30 s. */
export async function quiet(condition: string, figure: () => number | Promise<number>): Promise<void> {
  const limit = performance.now() + 30_000
  let last = await figure()
  for (let unchanged = 0; unchanged < 10;) {
    if (performance.now() > limit) throw new Error(`not within 30 s: ${condition}`)
    await sleep(50)
    const next = await figure()
    unchanged = next === last ? unchanged + 1 : 0
    last = next
  }
}

/**
 * Measures time by the turns of a timer. A process that a busy machine holds up gets fewer turns, so an upper bound on
 * this time holds there too.
 */
export class TurnTimer implements Disposable {
  readonly #turnMs: number
  readonly #timer: NodeJS.Timeout
  #turns = 0

  constructor(turnMs = 5) {
    this.#turnMs = turnMs
    this.#timer = setInterval(() => this.#turns++, turnMs)
  }

  get elapsedMs(): number {
    return this.#turns * this.#turnMs
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}
