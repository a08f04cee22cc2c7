import type { Ending } from '#model/model'
import type { Route } from '#peers/kit'
import type { ByteReader, ByteStream } from '#peers/net/byte-stream'
import { TraceRecorder } from '#peers/net/trace'
import { Watch } from '#peers/net/watch'

/** One end of a byte stream in memory: no socket, no port, no TLS. */
export class MemoryStream implements ByteStream {
  readonly route: Route = { kind: 'direct', host: 'memory', port: 0, severs: false }
  readonly watch = new Watch()
  readonly #recorder = new TraceRecorder()
  readonly #unread: Uint8Array[] = []
  #other: MemoryStream = this
  #reader: ByteReader | null = null
  #ending: Ending | null = null
  #remoteEnding: Ending | null = null

  /** Both ends: what one writes the other reads, in a later turn of the loop. */
  static pair(): readonly [client: MemoryStream, server: MemoryStream] {
    const client = new MemoryStream()
    const server = new MemoryStream()
    client.#other = server
    server.#other = client
    return [client, server]
  }

  get trace(): ByteStream['trace'] {
    return this.#recorder.trace
  }

  get ending(): Ending | null {
    return this.#ending
  }

  get remoteEnding(): Ending | null {
    return this.#remoteEnding
  }

  read(reader: ByteReader): void {
    this.#reader = reader
    for (const bytes of this.#unread.splice(0)) reader.data(bytes)
    if (this.#remoteEnding !== null) reader.ended?.()
  }

  write(bytes: Uint8Array): void {
    this.#recorder.departed(bytes.length)
    const copy = Uint8Array.from(bytes)
    const other = this.#other
    setImmediate(() => other.#arrive(copy))
  }

  finish(): void {
    this.#end('fin')
  }

  reset(): void {
    this.#end('rst')
  }

  async close(): Promise<void> {
    this.#end('fin')
    this.watch.stop()
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

  #arrive(bytes: Uint8Array): void {
    this.#recorder.arrived(bytes.length)
    if (this.#reader === null) this.#unread.push(bytes)
    else this.#reader.data(bytes)
    this.watch.changed()
  }

  #end(how: 'fin' | 'rst'): void {
    this.#ending ??= { by: 'harness', how, code: null }
    this.#recorder.ended(how, 'harness')
    const other = this.#other
    setImmediate(() => other.#ended(how))
  }

  #ended(how: 'fin' | 'rst'): void {
    if (this.#remoteEnding !== null) return
    this.#remoteEnding = { by: 'target', how, code: null }
    this.#ending ??= this.#remoteEnding
    this.#recorder.ended(how, 'peer')
    this.#reader?.ended?.()
    this.watch.changed()
  }
}
