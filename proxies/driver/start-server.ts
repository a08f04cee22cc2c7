import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

import { ToxiproxyClient } from '#proxies/driver/api/client'
import { startEngineThread } from '#proxies/embedded/thread/thread'
import { EngineError } from '#proxies/types'

/** A Toxiproxy API at hand. */
export interface Server {
  readonly url: string
  /** Started here, for us alone. */
  readonly isOwn: boolean
  /** Ends what was started for it; does nothing to a server that was only attached. */
  stop(): Promise<void>
}

/**
 * The oldest Toxiproxy that works, as tried with the whole catalogue: 2.3.0 dies, with all of its proxies, of a slicer
 * whose pieces are all of one size.
 */
export const oldestToxiproxy = '2.4.0'

/** The program looked for on PATH; `STREAMPROOF_TOXIPROXY_SERVER` names another. */
const program = 'toxiproxy-server'
const startLimitMs = 5000
const stopLimitMs = 2000

/** The embedded engine, in a thread of this process. */
export async function startEmbedded(seed?: number): Promise<Server> {
  try {
    const thread = await startEngineThread({
      host: '127.0.0.1',
      port: 0,
      ...(seed === undefined ? {} : { seed }),
    })
    return { url: thread.url, isOwn: true, stop: () => thread.close() }
  } catch (error) {
    throw new EngineError(`the embedded proxy engine did not start: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

/** Starts Toxiproxy's own server on a free port; it ends with us. */
export async function startToxiproxy(
  env: Readonly<Record<string, string | undefined>>,
  timeScale: number,
  flags: readonly string[] = [],
): Promise<Server> {
  const command = env['STREAMPROOF_TOXIPROXY_SERVER'] ?? program
  const port = await freePort()
  const child = spawn(command, ['-host', '127.0.0.1', '-port', String(port), ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
    windowsHide: true,
  })
  const orphan = (): void => void child.kill('SIGKILL')
  process.once('exit', orphan)
  const failed = watch(child, command)
  const stop = async (): Promise<void> => {
    process.off('exit', orphan)
    await end(child)
  }
  const url = `http://127.0.0.1:${port}`
  const client = new ToxiproxyClient(url, 1000)
  const limit = performance.now() + startLimitMs * timeScale
  for (;;) {
    const early = await Promise.race([
      failed,
      client.version().then(
        () => null,
        () => 'not yet' as const,
      ),
    ])
    if (early === null) return { url, isOwn: true, stop }
    if (early !== 'not yet' || performance.now() > limit) {
      await stop()
      throw early === 'not yet'
        ? new EngineError(`${command} was started, but does not answer at ${url}; use --proxy embedded`)
        : early
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Resolves with what to say when the program cannot be started or ends by itself. */
function watch(child: ChildProcess, command: string): Promise<EngineError> {
  let lastWords = ''
  child.stderr?.on('data', (data: Buffer) => {
    lastWords = (lastWords + data.toString()).slice(-500)
  })
  return new Promise((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      resolve(
        error.code === 'ENOENT'
          ? new EngineError(
              `${command} was not found on PATH; install Toxiproxy ${oldestToxiproxy} or later, or use --proxy embedded`,
            )
          : new EngineError(
              `${command} could not be started (${error.code ?? error.message}); use --proxy embedded`,
            ),
      )
    })
    child.once('exit', (code, signal) => {
      const words = lastWords.trim().split('\n').at(-1) ?? ''
      resolve(new EngineError(`${command} ended by itself (${signal ?? code}) ${words}`.trim()))
    })
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
  })
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs)
  await gone
  clearTimeout(timer)
}

/** A port that was free a moment ago; the server itself cannot choose one and tell. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

/** The address of an API as people write it: `http://host:port`, or `host:port` as Toxiproxy's CLI takes it. */
export function apiUrl(text: string): URL {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
  const hint = 'give embedded, toxiproxy, or the address of its API such as http://127.0.0.1:8474'
  if (!URL.canParse(withScheme))
    throw new EngineError(`${printable(text)} is no address of a Toxiproxy; ${hint}`)
  const url = new URL(withScheme)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new EngineError(`${url.protocol} is no scheme of a Toxiproxy's API; ${hint}`)
  }
  return url
}

function printable(text: string): string {
  return text.replaceAll(/[^\x21-\x7e]/g, '?').slice(0, 100)
}
