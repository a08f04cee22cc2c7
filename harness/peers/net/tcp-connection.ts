import type net from 'node:net'
import { Duplex } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import type { Ending } from '#model/model'
import type { ConnectionTrace } from '#proxies/types'
import type { SessionContext } from '#peers/session/context'
import type { Route, Segments } from '#peers/kit'
import type { ByteReader } from './byte-stream.ts'
import type { Connection, ConnectionOptions, TlsFacts } from './connection.ts'
import { codeOf, handshakeOf, startTls } from './tls.ts'
import { TraceRecorder } from './trace.ts'
import { Watch } from './watch.ts'

/** A TCP socket of Node's, and TLS on it if it is spoken. */
export class TcpConnection implements Connection {
  readonly route: Route
  readonly watch = new Watch()
  readonly #raw: net.Socket
  readonly #options: ConnectionOptions
  readonly #recorder = new TraceRecorder()
  readonly #context: SessionContext
  readonly #closed: Promise<void>
  readonly #queue: Uint8Array[] = []
  #reader: ByteReader | null = null
  /** What arrived before there was a reader. */
  readonly #unread: Uint8Array[] = []
  #pumping = false
  /** What carries the payload: the TCP socket, or TLS on it. */
  #stream: Duplex
  #carrier: Duplex | null = null
  #ending: Ending | null = null
  #remoteEnding: Ending | null = null
  /** How the other side ended TCP, not published yet because TLS still has data to deliver. */
  #pending: 'fin' | 'rst' | 'timeout' | null = null
  #tls: TlsFacts | null = null
  #isEstablished = false

  constructor(raw: net.Socket, route: Route, options: ConnectionOptions, context: SessionContext) {
    this.#raw = raw
    this.#stream = raw
    this.route = route
    this.#options = options
    this.#context = context
    this.#closed = new Promise((resolve) => void raw.once('close', () => resolve()))
    raw.on('data', (bytes) => {
      this.#recorder.arrived(bytes.length)
      if (this.#carrier === null) this.#deliver(bytes)
      else this.#carrier.push(bytes)
    })
    raw.on('end', () => this.#remote('fin'))
    raw.on('error', (error: NodeJS.ErrnoException) =>
      this.#remote(error.code === 'ETIMEDOUT' ? 'timeout' : 'rst'),
    )
  }

  get trace(): ConnectionTrace {
    return this.#recorder.trace
  }

  get ending(): Ending | null {
    return this.#ending
  }

  get remoteEnding(): Ending | null {
    return this.#remoteEnding
  }

  get tls(): TlsFacts | null {
    return this.#tls
  }

  now(): number {
    return this.#recorder.now()
  }

  opened(after?: number): void {
    this.#recorder.opened(after)
  }

  answered(asked: number): void {
    this.#recorder.answered(asked)
  }

  gaveUp(): void {
    this.#recorder.ended('timeout', 'harness')
  }

  /** The TCP connection is established. Calls `done` when its socket is closed. */
  connected(done: (ending: Ending) => void): void {
    this.#isEstablished = true
    if (this.#raw.destroyed) this.#remote('rst')
    const closed = (): void => {
      this.#endLocally('fin')
      done(this.#ending ?? { by: 'harness', how: 'fin', code: null })
    }
    if (this.#raw.closed) closed()
    else this.#raw.once('close', closed)
  }

  /** Speaks TLS from now on. Resolves when the handshake has succeeded or failed; never rejects. */
  async secure(withinMs: number): Promise<void> {
    const carrier = this.#carry()
    const secure = startTls(carrier, this.#options)
    this.#carrier = carrier
    this.#stream = secure
    const drained = (): void => this.#publish()
    secure.on('error', drained).on('close', drained)
    // A close_notify of TLS ends the other side's half, even if its FIN follows later.
    secure.on('end', () => this.#endRemotely(this.#pending ?? 'fin'))
    const failure = await handshakeOf(secure, withinMs)
    const verified = this.#options.tls.insecure || secure.authorized
    const error = failure ?? (verified ? null : codeOf(secure.authorizationError))
    this.#tls = {
      authorized: failure === null && secure.authorized,
      error,
      protocol: failure === null ? secure.getProtocol() : null,
      alpn: typeof secure.alpnProtocol === 'string' ? secure.alpnProtocol : null,
    }
    if (error !== null) {
      if (failure === 'TIMEOUT') {
        this.gaveUp()
        this.#endRemotely('timeout')
      }
      await this.close()
      return
    }
    secure.on('data', (bytes: Uint8Array) => this.#deliver(bytes))
  }

  read(reader: ByteReader): void {
    this.#reader = reader
    for (const bytes of this.#unread.splice(0)) this.#deliver(bytes)
    if (this.#remoteEnding !== null) reader.ended?.()
  }

  write(bytes: Uint8Array, segments: Segments = []): void {
    if (this.#stream.writableEnded || this.#stream.destroyed) return
    if (segments.length === 0 && !this.#pumping) {
      this.#writeNow(Uint8Array.from(bytes))
      return
    }
    for (const piece of split(bytes, segments)) this.#queue.push(piece)
    if (!this.#pumping) void this.#pump()
  }

  finish(): void {
    this.#endLocally('fin')
    // If segments are still being sent, the half ends after the last of them.
    if (!this.#pumping) this.#stream.end()
  }

  reset(): void {
    this.#endLocally('rst')
    this.#queue.length = 0
    // After the other side's FIN, Node cannot send a RST: `resetAndDestroy` would leave the socket open.
    if (this.#remoteEnding === null) this.#raw.resetAndDestroy()
    else this.#raw.destroy()
  }

  async close(): Promise<void> {
    this.#queue.length = 0
    this.#endLocally('fin')
    this.#raw.destroy()
    this.#stream.destroy()
    this.#carrier?.destroy()
    await this.#closed
    this.watch.stop()
  }

  /** TCP as a Duplex below TLS, so that the raw bytes are counted: a TLSSocket would take over the socket's handle. */
  #carry(): Duplex {
    const raw = this.#raw
    const carrier = new Duplex({
      read() {},
      write: (chunk: Uint8Array, _encoding, done) => {
        this.#recorder.departed(chunk.length)
        if (raw.destroyed || raw.writableEnded) done()
        else raw.write(chunk, () => done())
      },
      final(done) {
        if (!raw.destroyed) raw.end()
        done()
      },
      destroy(_error, done) {
        raw.destroy()
        done(null)
      },
    })
    carrier.on('error', () => undefined)
    return carrier
  }

  #writeNow(bytes: Uint8Array, done?: () => void): void {
    if (this.#carrier === null) this.#recorder.departed(bytes.length)
    this.#stream.write(bytes, done)
  }

  async #pump(): Promise<void> {
    this.#pumping = true
    for (;;) {
      const piece = this.#queue.shift()
      if (piece === undefined || this.#stream.destroyed || this.#stream.writableEnded) break
      await new Promise<void>((resolve) => {
        this.#stream.once('close', resolve)
        this.#writeNow(piece, () => {
          this.#stream.off('close', resolve)
          resolve()
        })
      })
      // Without a pause, segments are merged on the way or read at once by a busy target.
      await pause(betweenSegmentsMs)
    }
    this.#queue.length = 0
    this.#pumping = false
    if (this.#ending?.by === 'harness' && !this.#stream.destroyed) this.#stream.end()
  }

  #deliver(bytes: Uint8Array): void {
    if (this.#reader === null) this.#unread.push(bytes)
    else this.#reader.data(bytes)
    this.watch.changed()
  }

  #remote(how: 'fin' | 'rst' | 'timeout'): void {
    if (!this.#isEstablished) return
    this.#recorder.ended(how, 'peer')
    this.#pending ??= how
    if (this.#carrier === null || this.#stream.readableEnded || this.#stream.destroyed) this.#publish()
    else this.#carrier.push(null)
  }

  /** TLS has delivered all its data: the ending on TCP is published. */
  #publish(): void {
    if (this.#pending !== null) this.#endRemotely(this.#pending)
    else if (this.#ending?.by !== 'harness') this.#endRemotely('fin')
  }

  #endRemotely(how: 'fin' | 'rst' | 'timeout'): void {
    if (this.#remoteEnding !== null) return
    const by = this.route.severs ? 'proxy' : 'target'
    this.#remoteEnding = { by, how, code: null }
    this.#recorder.ended(how, 'peer')
    if (this.#ending === null) this.#ending = this.#remoteEnding
    this.#context.transcript.add(by, 'end', endings[how])
    this.#reader?.ended?.()
    this.watch.changed()
  }

  #endLocally(how: 'fin' | 'rst'): void {
    if (!this.#isEstablished) return
    this.#recorder.ended(how, 'harness')
    if (this.#ending !== null) return
    this.#ending = { by: 'harness', how, code: null }
    this.#context.transcript.add('harness', 'end', endings[how])
    this.watch.changed()
  }
}

/** Time for the other side to read a segment before the next is sent, in ms. */
const betweenSegmentsMs = 4

const endings = { fin: 'TCP FIN', rst: 'TCP RST', timeout: 'connection timed out' } as const

function split(bytes: Uint8Array, segments: Segments): Uint8Array[] {
  const pieces: Uint8Array[] = []
  let at = 0
  for (let index = 0; at < bytes.length; index++) {
    const size = segments[Math.min(index, segments.length - 1)] ?? bytes.length
    const to = at + Math.max(1, size)
    pieces.push(Uint8Array.from(bytes.subarray(at, to)))
    at = to
  }
  return pieces
}
