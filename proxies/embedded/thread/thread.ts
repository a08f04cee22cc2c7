import { Worker } from 'node:worker_threads'

import type { EngineServerOptions } from '#proxies/embedded/server/server'
import type { WorkerReport } from './worker.ts'

/** The embedded engine in a worker thread, so that a busy run does not disturb the timing of its toxics. */
export interface EngineThread {
  readonly url: string
  close(): Promise<void>
}

/** How long the thread may take to close before it is terminated. */
const closeLimitMs = 3000

/**
 * The file that a worker starts from: in the source a bootstrap that can load TypeScript, in the build the compiled worker.
 * Nothing else may name these files, because `tsc` does not rewrite the text of a URL.
 */
export function workerFile(here = import.meta.url): URL {
  return new URL(here.endsWith('.ts') ? './worker-from-source.mjs' : './worker.js', here)
}

/** @throws Error that says why the engine did not start. */
export async function startEngineThread(options: EngineServerOptions): Promise<EngineThread> {
  // The worker must not inherit loaders and debuggers of the parent.
  const worker = new Worker(workerFile(), { workerData: options, execArgv: [], name: 'streamproof-engine' })
  let failure: Error | null = null
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', (code) => {
      failure ??= new Error(`the embedded engine exited with code ${code}`)
      resolve()
    })
  })
  const started = await new Promise<WorkerReport>((resolve, reject) => {
    worker.on('error', (error) => {
      failure = error
      reject(failure)
    })
    worker.once('message', resolve)
    void exited.then(() => reject(failure ?? new Error('the embedded engine exited')))
  })
  if (started.kind !== 'listening') {
    await worker.terminate()
    throw new Error(started.message)
  }
  return {
    url: started.url,
    close: async () => {
      worker.postMessage('close', [])
      const timer = setTimeout(() => void worker.terminate(), closeLimitMs)
      await exited
      clearTimeout(timer)
    },
  }
}
