import { parentPort, workerData } from 'node:worker_threads'

import { startEngineServer } from '#proxies/embedded/server/server'
import type { EngineServerOptions } from '#proxies/embedded/server/server'

/** What the worker tells its owner. */
export type WorkerReport =
  | { readonly kind: 'listening'; readonly url: string; readonly seed: number }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'closed' }

function reportToOwner(what: WorkerReport): void {
  parentPort?.postMessage(what, [])
}

try {
  const server = await startEngineServer(workerData as EngineServerOptions)
  parentPort?.once('message', () => {
    void server.close().then(() => {
      reportToOwner({ kind: 'closed' })
      parentPort?.close()
    })
  })
  reportToOwner({ kind: 'listening', url: server.url, seed: server.seed })
} catch (error) {
  reportToOwner({ kind: 'failed', message: (error as Error).message })
  parentPort?.close()
}
