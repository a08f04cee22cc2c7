import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

import { ToxiproxyClient } from '#proxies/driver/api/client'
import { startEngineThread } from '#proxies/embedded/thread/thread'
import { EngineError } from '#proxies/types'

/** A server of Toxiproxy's API that was started here or attached to. */
export interface ApiServer {
  readonly url: string
  /** Started here, for this run alone. */
  readonly isOwned: boolean
  /** Stops what was started; does nothing to a server that was only attached to. */
  stop(): Promise<void>
}

/**
 * The oldest Toxiproxy that works with every check: 2.3.0 crashes, with all of its proxies, on a slicer whose pieces are
 * all of one size.
 */
export const oldestToxiproxy = '2.4.0'

/** The program to start from PATH; `STREAMPROOF_TOXIPROXY_SERVER` names another. */
const defaultProgram = 'toxiproxy-server'
const startLimitMs = 5000
const stopLimitMs = 2000

/** Starts the embedded engine in a thread of this process. @throws EngineError */
export async function startEmbedded(): Promise<ApiServer> {
  try {
    const thread = await startEngineThread({ host: '127.0.0.1', port: 0 })
    return { url: thread.url, isOwned: true, stop: () => thread.close() }
  } catch (error) {
    throw new EngineError(`the embedded proxy engine did not start: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

/** Starts Toxiproxy's own server on a free port. It stops with this process. @throws EngineError */
export async function startToxiproxy(
  env: Readonly<Record<string, string | undefined>>,
  timeScale: number,
  flags: readonly string[] = [],
): Promise<ApiServer> {
  const command = env['STREAMPROOF_TOXIPROXY_SERVER'] ?? defaultProgram
  const port = await freePort()
  const child = spawn(command, ['-host', '127.0.0.1', '-port', String(port), ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
    windowsHide: true,
  })
  const killWithProcess = (): void => void child.kill('SIGKILL')
  process.once('exit', killWithProcess)
  const failed = startFailure(child, command)
  const stop = async (): Promise<void> => {
    process.off('exit', killWithProcess)
    await end(child)
  }
  const url = `http://127.0.0.1:${port}`
  const client = new ToxiproxyClient(url, 1000)
  const limit = performance.now() + startLimitMs * timeScale
  for (;;) {
    const outcome = await Promise.race([
      failed,
      client.version().then(
        () => null,
        () => 'not ready' as const,
      ),
    ])
    if (outcome === null) return { url, isOwned: true, stop }
    if (outcome !== 'not ready' || performance.now() > limit) {
      await stop()
      throw outcome === 'not ready'
        ? new EngineError(`${command} was started, but does not answer at ${url}; use --proxy embedded`)
        : outcome
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Resolves with an error when the program cannot be started or exits by itself. */
function startFailure(child: ChildProcess, command: string): Promise<EngineError> {
  let stderr = ''
  child.stderr?.on('data', (data: Buffer) => {
    stderr = (stderr + data.toString()).slice(-500)
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
      const lastLine = stderr.trim().split('\n').at(-1) ?? ''
      resolve(new EngineError(`${command} exited by itself (${signal ?? code}) ${lastLine}`.trim()))
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

/** A port that was free a moment ago: toxiproxy-server cannot choose one and report it. */
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

/**
 * The address of an API as people write it: `http://host:port`, or `host:port` as Toxiproxy's CLI takes it.
 * @throws EngineError if it is not an HTTP address.
 */
export function apiUrl(text: string): URL {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
  const hint = 'use embedded, toxiproxy, or the address of its API such as http://127.0.0.1:8474'
  if (!URL.canParse(withScheme))
    throw new EngineError(`${printable(text)} is not the address of a Toxiproxy; ${hint}`)
  const url = new URL(withScheme)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new EngineError(`${url.protocol} is not a scheme of Toxiproxy's API; ${hint}`)
  }
  return url
}

function printable(text: string): string {
  return text.replaceAll(/[^\x21-\x7e]/g, '?').slice(0, 100)
}
