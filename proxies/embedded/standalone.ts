import { readFile } from 'node:fs/promises'

import { startEngineServer } from './server/server.ts'
import { EngineError } from '#proxies/types'

export interface ProxyServerOptions {
  readonly host: string
  readonly port: number
  /** Decides toxicity, jitter and slice sizes; drawn unless given. */
  readonly seed?: number
  /** A file with a JSON array of proxies, as toxiproxy-server takes it. */
  readonly config?: string
  /** Serve `/metrics`: byte counts of proxies, figures of the process. */
  readonly proxyMetrics?: boolean
  readonly runtimeMetrics?: boolean
}

export interface ProxyServer {
  readonly url: string
  readonly seed: number
  close(): Promise<void>
}

/**
 * The embedded engine on its own, in this thread: a drop-in for toxiproxy-server. Throws `EngineError` where it cannot
 * listen, or where its configuration cannot be carried out as a whole (the real server logs that and goes on).
 */
export async function startProxyServer(options: ProxyServerOptions): Promise<ProxyServer> {
  const { config: file, ...rest } = options
  const config = file === undefined ? undefined : await read(file)
  try {
    const server = await startEngineServer({ ...rest, ...(config === undefined ? {} : { config }) })
    return { url: server.url, seed: server.seed, close: () => server.close() }
  } catch (error) {
    const place = file === undefined ? '' : ` (config ${file})`
    throw new EngineError(`the proxy server did not start${place}: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? (error as Error).message
    throw new EngineError(`the config ${file} cannot be read: ${code}`, { cause: error })
  }
}
