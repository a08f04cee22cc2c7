import { parentPort, workerData } from 'node:worker_threads'

import { startEngineServer } from '#proxies/embedded/server/server'
import type { EngineServerOptions } from '#proxies/embedded/server/server'

/** What the worker reports to its owner when it has started. */
export type WorkerReport =
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'failed'; readonly message: string }

function reportToOwner(report: WorkerReport): void {
  parentPort?.postMessage(report, [])
}

try {
  const server = await startEngineServer(workerData as EngineServerOptions)
  parentPort?.once('message', () => {
    void server.close().then(() => parentPort?.close())
  })
  reportToOwner({ kind: 'listening', url: server.url })
} catch (error) {
  reportToOwner({ kind: 'failed', message: (error as Error).message })
  parentPort?.close()
}
