import { readFile } from 'node:fs/promises'

import { startEngineServer } from './server/server.ts'
import { EngineError } from '#proxies/types'

export interface ProxyServerOptions {
  readonly host: string
  readonly port: number
  /** Seed of toxicity, jitter and slice sizes; default random. */
  readonly seed?: number
  /** Path of a file with a JSON array of proxies, as toxiproxy-server reads it. */
  readonly config?: string
  /** Serves byte counts of proxies at `/metrics`. */
  readonly proxyMetrics?: boolean
  /** Serves figures of the process at `/metrics`. */
  readonly runtimeMetrics?: boolean
}

export interface ProxyServer {
  readonly url: string
  readonly seed: number
  close(): Promise<void>
}

/**
 * Starts the embedded engine in this thread, as a replacement for toxiproxy-server.
 * @throws EngineError if it cannot listen or cannot apply the whole configuration. The real server logs the latter and goes
 * on.
 */
export async function startProxyServer(options: ProxyServerOptions): Promise<ProxyServer> {
  const { config: file, ...rest } = options
  const config = file === undefined ? undefined : await read(file)
  try {
    const server = await startEngineServer({ ...rest, ...(config === undefined ? {} : { config }) })
    return { url: server.url, seed: server.seed, close: () => server.close() }
  } catch (error) {
    const configNote = file === undefined ? '' : ` (config ${file})`
    throw new EngineError(`the proxy server did not start${configNote}: ${(error as Error).message}`, {
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
