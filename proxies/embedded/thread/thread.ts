import { Worker } from 'node:worker_threads'

import type { EngineServerOptions } from '#proxies/embedded/server/server'
import type { WorkerReport } from './worker.ts'

/** The embedded engine in a thread of its own, so that a busy run does not disturb the timing of its toxics. */
export interface EngineThread {
  readonly url: string
  readonly seed: number
  /** Why the thread died, or null while it runs. */
  readonly failure: Error | null
  close(): Promise<void>
}

/** How long the thread may take to tidy up before it is ended. */
const closeLimitMs = 3000

/**
 * The file that a worker is started from: from source a bootstrap that can load TypeScript, in the build the compiled
 * worker. The only place that knows; `tsc` does not rewrite the text of a URL.
 */
export function workerFile(here = import.meta.url): URL {
  return new URL(here.endsWith('.ts') ? './worker-from-source.mjs' : './worker.js', here)
}

/** Throws an Error with the text of what failed. */
export async function startEngineThread(options: EngineServerOptions): Promise<EngineThread> {
  // Loaders and debuggers of the parent are not for the worker.
  const worker = new Worker(workerFile(), { workerData: options, execArgv: [], name: 'streamproof-engine' })
  let failure: Error | null = null
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', (code) => {
      failure ??= new Error(`the embedded engine ended with code ${code}`)
      resolve()
    })
  })
  const started = await new Promise<WorkerReport>((resolve, reject) => {
    worker.on('error', (error) => {
      failure = error
      reject(failure)
    })
    worker.once('message', resolve)
    void exited.then(() => reject(failure ?? new Error('the embedded engine ended')))
  })
  if (started.kind !== 'listening') {
    await worker.terminate()
    throw new Error(
      started.kind === 'failed' ? started.message : 'the embedded engine closed before it was used',
    )
  }
  return {
    url: started.url,
    seed: started.seed,
    get failure() {
      return failure
    },
    close: async () => {
      worker.postMessage('close', [])
      const timer = setTimeout(() => void worker.terminate(), closeLimitMs)
      await exited
      clearTimeout(timer)
    },
  }
}
