import type { Ending } from '#model/model'
import type { ConnectionTrace } from '#proxies/types'
import type { Route, Segments } from '#peers/kit'
import type { Watch } from './watch.ts'

/** Receives what arrives on a byte stream. */
export interface ByteReader {
  /** The next bytes. The reader may keep them: nothing else writes to them. */
  data(bytes: Uint8Array): void
  /** All bytes were given, and one side ended the stream; its `ending` says how. */
  ended?(): void
}

/**
 * What WebSocket and HTTP talk over: bytes in both directions, whatever carries them. Never throws and never emits an
 * error once it is open: what happens becomes an ending. Reads at all times, so that a reset is noticed.
 */
export interface ByteStream {
  /** The way that it takes to the target. */
  readonly route: Route
  /** What was carried, and when: faults are proven by it. */
  readonly trace: ConnectionTrace
  /** Who ended the stream first, and how; null while it is open. */
  readonly ending: Ending | null
  /** How the other side (target or proxy) ended its half; null while it is open. */
  readonly remoteEnding: Ending | null
  /** Looks again after every byte and every ending. */
  readonly watch: Watch
  /** Gives the reader what arrived so far, then what arrives. Called once. */
  read(reader: ByteReader): void
  /** Sends in one write, or in these segments, each a TCP segment of its own as far as the system allows. */
  write(bytes: Uint8Array, segments?: Segments): void
  /** Ends our half, after the bytes written so far. */
  finish(): void
  /** Aborts both halves. */
  reset(): void
  /** Closes at once, and resolves when nothing is left open. Idempotent. */
  close(): Promise<void>
  /** Milliseconds since the stream was opened. */
  now(): number
  /** For the trace: the protocol's opening is complete. Of the bytes that arrived, the last `after` belong to what follows. */
  opened(after?: number): void
  /** For the trace: a step that began at `asked` (ms of `now()`) got its answer. */
  answered(asked: number): void
  /** For the trace: the harness no longer waits for the other side. No effect on a trace that has ended. */
  gaveUp(): void
}
