import { startEngineServer } from './engine/server.ts'

export interface ProxyServerOptions {
  readonly host: string
  readonly port: number
  /** Decides toxicity, jitter and slice sizes; drawn unless given. */
  readonly seed?: number
}

export interface ProxyServer {
  readonly url: string
  readonly seed: number
  close(): Promise<void>
}

/** The embedded engine on its own, in this thread: a drop-in for toxiproxy-server. Throws where it cannot listen. */
export async function startProxyServer(options: ProxyServerOptions): Promise<ProxyServer> {
  const server = await startEngineServer(options)
  return { url: server.url, seed: server.seed, close: () => server.close() }
}
