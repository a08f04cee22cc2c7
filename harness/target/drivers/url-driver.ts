import { addressOf } from '#common/url'
import type { DrivenTarget, TargetDriver } from './driver.ts'
import { acceptsConnection } from './tcp.ts'

/** How long each of several connections may take to be accepted, in ms. */
const acceptMs = 1000

/** Connections that are opened at the same time, so that asking for many does not itself look like a flood. */
const batchSize = 8

/** A server that somebody else runs: it is alive while its address accepts TCP connections. */
export class UrlDriver implements TargetDriver {
  readonly target: DrivenTarget
  readonly maxConcurrent = null
  readonly #host: string
  readonly #port: number

  /** @param url `ws:`, `wss:`, `http:` or `https:`; the port defaults to that of the scheme. */
  constructor(target: DrivenTarget, url: URL) {
    this.target = target
    const { host, port } = addressOf(url)
    this.#host = host
    this.#port = port
  }

  isAlive(withinMs: number): Promise<boolean> {
    return acceptsConnection(this.#host, this.#port, withinMs)
  }

  async acceptsConnections(count: number): Promise<boolean> {
    for (let left = count; left > 0; left -= batchSize) {
      const batch = Array.from({ length: Math.min(left, batchSize) }, () => this.isAlive(acceptMs))
      if ((await Promise.all(batch)).includes(false)) return false
    }
    return true
  }

  /** Always null: from outside, a crashed server and one that refuses further connections look the same. */
  crashed(): null {
    return null
  }

  onCrash(): () => void {
    return () => undefined
  }

  async restart(): Promise<void> {}
}
