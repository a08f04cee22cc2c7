import type { Socket } from 'node:net'

export interface PaceRules {
  /** A connection on which nothing comes for so many ms is ended. */
  readonly endsSilentAfterMs: number
  /** A frame must be whole so many ms after its first octet. */
  readonly endsSlowFrameAfterMs: number
}

/** Ends a connection that is too slow for a mutant's patience; the reference's has no end. */
export class Pace {
  readonly #socket: Socket
  readonly #rules: PaceRules
  #silence: NodeJS.Timeout | null = null
  #slowness: NodeJS.Timeout | null = null

  constructor(socket: Socket, rules: PaceRules) {
    this.#socket = socket
    this.#rules = rules
    socket.once('close', () => this.#stop())
    this.heard(false)
  }

  /** Octets came; `within`: behind them a frame is not whole. */
  heard(within: boolean): void {
    const { endsSilentAfterMs, endsSlowFrameAfterMs } = this.#rules
    if (this.#silence !== null) clearTimeout(this.#silence)
    this.#silence = this.#endAfter(endsSilentAfterMs)
    if (within) this.#slowness ??= this.#endAfter(endsSlowFrameAfterMs)
    else if (this.#slowness !== null) {
      clearTimeout(this.#slowness)
      this.#slowness = null
    }
  }

  #endAfter(ms: number): NodeJS.Timeout | null {
    return Number.isFinite(ms) && !this.#socket.destroyed ? setTimeout(() => this.#socket.end(), ms) : null
  }

  #stop(): void {
    if (this.#silence !== null) clearTimeout(this.#silence)
    if (this.#slowness !== null) clearTimeout(this.#slowness)
  }
}
