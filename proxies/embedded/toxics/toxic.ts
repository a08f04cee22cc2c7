import type { Random } from '#proxies/embedded/proxy/random'

export type StreamDirection = 'upstream' | 'downstream'

/** Bytes with the time (ms of `now`) when they were read. A toxic that delays them sets a later time. */
export interface Chunk {
  readonly data: Buffer
  readonly readAt: number
}

/** What a pipe may call. All calls are synchronous and cheap; calls after `end`, `cut` or `reset` have no effect. */
export interface Outlet {
  /** Passes bytes to the next toxic or, after the last one, to the destination. */
  write(chunk: Chunk): void
  /** Ends the direction: once the bytes before have gone out, the connection is closed with FIN to both sides. */
  end(): void
  /** Closes the connection at once with FIN to both sides. Bytes that a side has not read yet are lost. */
  cut(): void
  /** Closes the connection at once with RST to both sides. */
  reset(): void
  /** Must be called when `full` has become false. */
  drained(): void
  /** Random numbers that depend on the seed, the connection and the toxic. */
  readonly random: Random
  /** The same object for all connections of the proxy: a key for state that they share. */
  readonly toxic: object
}

/**
 * One toxic that acts on one direction of one connection. It delays or changes bytes, or ends the direction. It never waits
 * for a reader: while the destination is full, the source is not read and the pipe receives nothing.
 */
export interface Pipe<Settings> {
  /** True while it holds as much as it may. The source is not read meanwhile. */
  readonly full: boolean
  /**
   * When it will next pass on bytes or the end by itself (ms of `now`): Infinity if only the API can make it, null if it
   * holds nothing. If a sender was reset, this shows whether what it sent will still go out.
   */
  readonly due: number | null
  write(chunk: Chunk): void
  /** The source has ended. Must call `end` of the outlet once everything that it holds has gone out. */
  end(): void
  /** The API changed the settings. */
  update(settings: Settings): void
  /** The toxic is removed: must pass on everything that it holds. If the source has ended, the caller ends the outlet. */
  release(): void
  /** The connection is closed: must stop all timers. */
  dispose(): void
}

/** One attribute of a toxic: a whole number, 0 if the client sends none. */
export interface Setting {
  readonly unit: 'ms' | 'us' | 'bytes' | 'bits' | 'KB/s' | 'per million'
  readonly min: number
  readonly max: number
}

export type Settings = Readonly<Record<string, number>>

/** A kind of toxic. */
export interface ToxicType {
  /** As the API spells it. */
  readonly type: string
  /** Its name in the error texts of the real server's decoder. */
  readonly goName: string
  readonly settings: Readonly<Record<string, Setting>>
  /** What is wrong with a combination of settings that are each within their limits, or null. */
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
 * Declares a toxic. Its pipe receives only settings that the API has decoded by this declaration, so the type of the
 * settings is safe although `ToxicType` does not carry it.
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

/** A number of ms or bytes that may also be negative, which the real server accepts as "none". */
export const anyNumber = (unit: Setting['unit']): Setting => ({ unit, min: -exact, max: exact })
export const atLeast = (min: number, unit: Setting['unit']): Setting => ({ unit, min, max: exact })
