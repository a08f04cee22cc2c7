import type { Socket } from 'node:net'

/** When the server closes a connection because of time. The strict rules never do: each limit is infinite. */
export interface KeepAliveRules {
  /** The server closes a connection on which nothing arrives for so many ms: a policy that servers may have. */
  readonly endsSilentAfterMs: number
  /** How the server closes a silent connection: with a Close frame with 1001, or with a FIN alone. */
  readonly silentEnd: 'close-frame' | 'fin'
  /** The server closes a connection if a frame is not complete so many ms after its first byte. */
  readonly endsSlowFrameAfterMs: number
  /** The server sends a Ping every so many ms, and closes the connection when three Pings are unanswered. */
  readonly wantsPongEveryMs: number
}

/** What the timers need of their connection. */
export interface KeepAliveHost {
  /** Sends a Ping. */
  ping(): void
  /** Sends a Close frame with 1001 and closes TCP. */
  goAway(): void
}

const mostUnansweredPings = 3

/** The timers of one connection. They stop when its socket closes. */
export class KeepAlive {
  readonly #socket: Socket
  readonly #rules: KeepAliveRules
  readonly #host: KeepAliveHost
  #silence: NodeJS.Timeout | null = null
  #slowFrame: NodeJS.Timeout | null = null
  #pinging: NodeJS.Timeout | null = null
  #unansweredPings = 0

  constructor(socket: Socket, rules: KeepAliveRules, host: KeepAliveHost) {
    this.#socket = socket
    this.#rules = rules
    this.#host = host
    socket.once('close', () => this.#stop())
    this.received(false)
    if (Number.isFinite(rules.wantsPongEveryMs)) {
      this.#pinging = setInterval(() => this.#pingOrClose(), rules.wantsPongEveryMs)
      this.#pingOrClose()
    }
  }

  /** Call after each received segment; `insideFrame`: its last frame is incomplete. */
  received(insideFrame: boolean): void {
    const { endsSilentAfterMs, endsSlowFrameAfterMs, silentEnd } = this.#rules
    if (this.#silence !== null) clearTimeout(this.#silence)
    this.#silence = this.#after(endsSilentAfterMs, () =>
      silentEnd === 'fin' ? this.#socket.end() : this.#host.goAway(),
    )
    if (insideFrame) this.#slowFrame ??= this.#after(endsSlowFrameAfterMs, () => this.#socket.end())
    else if (this.#slowFrame !== null) {
      clearTimeout(this.#slowFrame)
      this.#slowFrame = null
    }
  }

  /** A Pong answers every Ping that was sent before it. */
  pongReceived(): void {
    this.#unansweredPings = 0
  }

  #pingOrClose(): void {
    if (this.#unansweredPings >= mostUnansweredPings) {
      this.#socket.end()
      return
    }
    this.#unansweredPings += 1
    this.#host.ping()
  }

  #after(ms: number, action: () => void): NodeJS.Timeout | null {
    return Number.isFinite(ms) && !this.#socket.destroyed ? setTimeout(action, ms) : null
  }

  #stop(): void {
    for (const timer of [this.#silence, this.#slowFrame, this.#pinging])
      if (timer !== null) clearTimeout(timer)
  }
}
