import type { Socket } from 'node:net'

/** How the link to a client is taken: its pace, its loss, and how many there may be. */
export interface LinkRules {
  /** A connection on which nothing comes for so many ms is ended; null: it may be as silent as it likes. */
  readonly endsSilentAfterMs: number | null
  /** A frame must be whole so many ms after its first octet; null: it may take its time. */
  readonly endsSlowFrameAfterMs: number | null
  /** WebSockets at a time; null: no limit. */
  readonly mostConnections: number | null
  /** Frames on one connection, after which it is ended; null: no limit. */
  readonly mostFrames: number | null
  /**
   * What a client that is lost without a Close frame leaves behind: nothing, the end of all others, or a service
   * that opens no new connection until all that stood at that moment are gone.
   */
  readonly afterLoss: 'nothing' | 'end-others' | 'refuse-newcomers'
  /** Which losses count for that: every one, or those at one place of the octets. */
  readonly lossAt: 'any' | Place
}

/** Where in what a client sends: inside the header of a frame, its payload, or between the frames of a message. */
export type Place = 'header' | 'payload' | 'message' | 'between'

export const strictLink: LinkRules = {
  endsSilentAfterMs: null,
  endsSlowFrameAfterMs: null,
  mostConnections: null,
  mostFrames: null,
  afterLoss: 'nothing',
  lossAt: 'any',
}

/** The connections of one server. */
class Crowd {
  readonly standing = new Set<Socket>()
  /** Those that stood when a client was lost. */
  readonly wounded = new Set<Socket>()
}

/** By the rules of a server, which are its own. */
const crowds = new WeakMap<LinkRules, Crowd>()

function crowdOf(rules: LinkRules): Crowd {
  const known = crowds.get(rules) ?? new Crowd()
  crowds.set(rules, known)
  return known
}

/** Why no further connection is opened, or null. */
export function turnedAway(rules: LinkRules): string | null {
  const { standing, wounded } = crowdOf(rules)
  if (rules.mostConnections !== null && standing.size >= rules.mostConnections) return 'too many connections'
  return wounded.size > 0 ? 'out of order' : null
}

/** Watches one connection for its link's sake. Everything here ends with the socket. */
export class LinkWatch {
  readonly #socket: Socket
  readonly #rules: LinkRules
  readonly #crowd: Crowd
  #frames = 0
  #silence: NodeJS.Timeout | null = null
  #slowness: NodeJS.Timeout | null = null

  /** `lostAt`: where the client stands, asked when it is gone; null once a Close frame was sent or received. */
  constructor(socket: Socket, rules: LinkRules, lostAt: () => Place | null) {
    this.#socket = socket
    this.#rules = rules
    this.#crowd = crowdOf(rules)
    this.#crowd.standing.add(socket)
    let over = false
    const gone = (): void => {
      const place = over ? null : lostAt()
      over = true
      if (place !== null && (rules.lossAt === 'any' || rules.lossAt === place)) this.#lost()
    }
    socket.once('end', gone)
    socket.once('close', () => {
      gone()
      this.#crowd.standing.delete(socket)
      this.#crowd.wounded.delete(socket)
      this.#disarm()
    })
    this.heard(false)
  }

  /** Octets came; `within`: behind them a frame is not whole. */
  heard(within: boolean): void {
    const { endsSilentAfterMs, endsSlowFrameAfterMs } = this.#rules
    if (endsSilentAfterMs !== null) {
      if (this.#silence !== null) clearTimeout(this.#silence)
      this.#silence = this.#endAfter(endsSilentAfterMs)
    }
    if (endsSlowFrameAfterMs === null) return
    if (within) this.#slowness ??= this.#endAfter(endsSlowFrameAfterMs)
    else if (this.#slowness !== null) {
      clearTimeout(this.#slowness)
      this.#slowness = null
    }
  }

  /** A whole frame came. */
  frame(): void {
    this.#frames += 1
    if (this.#rules.mostFrames !== null && this.#frames > this.#rules.mostFrames) this.#socket.end()
  }

  #endAfter(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#socket.end(), ms)
  }

  #disarm(): void {
    if (this.#silence !== null) clearTimeout(this.#silence)
    if (this.#slowness !== null) clearTimeout(this.#slowness)
  }

  #lost(): void {
    const { standing, wounded } = this.#crowd
    const others = [...standing].filter((one) => one !== this.#socket)
    for (const other of others) {
      if (this.#rules.afterLoss === 'end-others') other.end()
      if (this.#rules.afterLoss === 'refuse-newcomers') wounded.add(other)
    }
  }
}
