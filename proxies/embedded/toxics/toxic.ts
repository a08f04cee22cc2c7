import type { Random } from '#proxies/embedded/proxy/random'

export type StreamDirection = 'upstream' | 'downstream'

/** Bytes on their way, with the time (ms, monotonic) when they were read; a toxic that delays moves it on. */
export interface Chunk {
  readonly data: Buffer
  readonly readAt: number
}

/** What a pipe may do. All calls are synchronous and cheap; calls after `end`, `cut` or `reset` have no effect. */
export interface Outlet {
  /** Hands bytes to the next toxic, or to the destination behind the last. */
  write(chunk: Chunk): void
  /** No more bytes will come: once those before have gone out, the connection is closed (FIN to both sides). */
  end(): void
  /** Closes the connection at once by FIN to both sides, also where somebody does not read: what waits for him is lost. */
  cut(): void
  /** Closes the connection at once by RST to both sides. */
  reset(): void
  /** To be called when `full` has become false. */
  drained(): void
  /** Decided by the seed, the connection and the toxic. */
  readonly random: Random
  /** The same object for all connections of the proxy: a key to what they share. */
  readonly toxic: object
}

/**
 * One toxic at work on one direction of one connection. It holds bytes back, changes them or ends the link; it never
 * waits for a reader: where the destination is slow, the link stops reading and the pipe simply gets nothing.
 */
export interface Pipe<Settings> {
  /** True while it holds as much as it should: nothing more is read from the source until then. */
  readonly full: boolean
  /**
   * When it will next let something go by itself, bytes or the end (ms of `now`): Infinity where only the API can make
   * it, null where it holds nothing. By this a link whose sender was reset is known to be stalled.
   */
  readonly due: number | null
  write(chunk: Chunk): void
  /** The source has ended. Calls `end` of the outlet as soon as what is held has gone out. */
  end(): void
  /** The settings were changed by the API. */
  update(settings: Settings): void
  /** The toxic goes away: what it holds goes out now. Where the source has ended, the link ends the outlet itself. */
  release(): void
  /** The connection is gone: timers stop. */
  dispose(): void
}

/** One attribute of a toxic: whole numbers only, 0 where the client gives none. */
export interface Setting {
  readonly unit: 'ms' | 'harness' | 'bytes' | 'bits' | 'KB/s' | 'per million'
  readonly min: number
  readonly max: number
}

export type Settings = Readonly<Record<string, number>>

/** A kind of toxic: everything that there is to know about it. */
export interface ToxicType {
  /** As the API spells it. */
  readonly type: string
  /** The name that the real server's decoder gives it in error texts. */
  readonly goName: string
  readonly settings: Readonly<Record<string, Setting>>
  /** What is wrong with settings that are each within their limits, or null. */
  readonly check: (settings: Settings) => string | null
  readonly pipe: (out: Outlet, settings: Settings) => Pipe<Settings>
}

interface Definition<S extends Settings> {
  readonly type: string
  readonly goName: string
  readonly settings: { readonly [K in keyof S]: Setting }
  readonly check?: (settings: S) => string | null
  readonly pipe: (out: Outlet, settings: S) => Pipe<S>
}

/**
 * Declares a toxic. Its pipe is handed only settings that the API has decoded by this very declaration, so their type
 * can be forgotten here and trusted there.
 */
export function toxic<S extends Settings>(definition: Definition<S>): ToxicType {
  const { check, ...rest } = definition
  return {
    ...(rest as unknown as ToxicType),
    check: (settings) => check?.(settings as S) ?? null,
  }
}

/** The largest count that a double holds exactly; int64 beyond it would come back changed. */
const exact = Number.MAX_SAFE_INTEGER

/** A count of ms or bytes that may be anything, negative as well: the real server takes it as "none". */
export const anyNumber = (unit: Setting['unit']): Setting => ({ unit, min: -exact, max: exact })
export const atLeast = (min: number, unit: Setting['unit']): Setting => ({ unit, min, max: exact })
