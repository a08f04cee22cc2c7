import { parentPort, workerData } from 'node:worker_threads'

import { startEngineServer } from '#proxies/embedded/server/server'
import type { EngineServerOptions } from '#proxies/embedded/server/server'

/** What the worker tells its owner. */
export type WorkerReport =
  | { readonly kind: 'listening'; readonly url: string; readonly seed: number }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'closed' }

function report(what: WorkerReport): void {
  parentPort?.postMessage(what, [])
}

try {
  const server = await startEngineServer(workerData as EngineServerOptions)
  parentPort?.once('message', () => {
    void server.close().then(() => {
      report({ kind: 'closed' })
      parentPort?.close()
    })
  })
  report({ kind: 'listening', url: server.url, seed: server.seed })
} catch (error) {
  report({ kind: 'failed', message: (error as Error).message })
  parentPort?.close()
}
