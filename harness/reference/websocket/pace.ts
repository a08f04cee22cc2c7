import type { Socket } from 'node:net'

export interface PaceRules {
  /** A connection on which nothing comes for so many ms is ended: a policy that servers may have. */
  readonly endsSilentAfterMs: number
  /** How a silent connection is ended: by a Close frame with 1001, or by the end of TCP alone. */
  readonly silentEnd: 'close-frame' | 'fin'
  /** A frame must be whole so many ms after its first octet. */
  readonly endsSlowFrameAfterMs: number
  /** A Ping is sent every so many ms; a connection on which three of them are unanswered is ended. */
  readonly wantsPongEveryMs: number
}

/** What a connection does for its pace. */
export interface Paced {
  /** Sends a Ping. */
  ping(): void
  /** Sends a Close frame, and ends TCP. */
  goAway(): void
}

const mostUnanswered = 3

/** Ends a connection that is too slow for the patience of the rules; the reference's has no end. */
export class Pace {
  readonly #socket: Socket
  readonly #rules: PaceRules
  readonly #paced: Paced
  #silence: NodeJS.Timeout | null = null
  #slowness: NodeJS.Timeout | null = null
  #pinging: NodeJS.Timeout | null = null
  #unanswered = 0

  constructor(socket: Socket, rules: PaceRules, paced: Paced) {
    this.#socket = socket
    this.#rules = rules
    this.#paced = paced
    socket.once('close', () => this.#stop())
    this.heard(false)
    if (Number.isFinite(rules.wantsPongEveryMs)) {
      this.#pinging = setInterval(() => this.#ask(), rules.wantsPongEveryMs)
      this.#ask()
    }
  }

  /** Octets came; `within`: behind them a frame is not whole. */
  heard(within: boolean): void {
    const { endsSilentAfterMs, endsSlowFrameAfterMs, silentEnd } = this.#rules
    if (this.#silence !== null) clearTimeout(this.#silence)
    this.#silence = this.#after(endsSilentAfterMs, () =>
      silentEnd === 'fin' ? this.#socket.end() : this.#paced.goAway(),
    )
    if (within) this.#slowness ??= this.#after(endsSlowFrameAfterMs, () => this.#socket.end())
    else if (this.#slowness !== null) {
      clearTimeout(this.#slowness)
      this.#slowness = null
    }
  }

  /** A Pong came: it answers every Ping that was sent before. */
  answered(): void {
    this.#unanswered = 0
  }

  #ask(): void {
    if (this.#unanswered >= mostUnanswered) {
      this.#socket.end()
      return
    }
    this.#unanswered += 1
    this.#paced.ping()
  }

  #after(ms: number, act: () => void): NodeJS.Timeout | null {
    return Number.isFinite(ms) && !this.#socket.destroyed ? setTimeout(act, ms) : null
  }

  #stop(): void {
    for (const timer of [this.#silence, this.#slowness, this.#pinging])
      if (timer !== null) clearTimeout(timer)
  }
}
