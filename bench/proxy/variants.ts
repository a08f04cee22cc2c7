import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

import { ToxiproxyClient } from '#proxies/driver/api/client'
import { sleep } from './load.ts'

export type Kind = 'direct' | 'bare' | 'embedded' | 'real'

/** One of the compared paths to the upstream, in its own process. */
export interface Variant {
  readonly kind: Kind
  readonly process: ChildProcess | null
  /** Null for a variant without an API. */
  readonly client: ToxiproxyClient | null
  /** Ports of a variant without an API; default: the upstream's own ports. */
  readonly ports?: Ports
}

export interface Ports {
  readonly flood: number
  readonly echo: number
}

export type Toxics = readonly {
  readonly type: string
  readonly attributes: Readonly<Record<string, number>>
}[]

const children = new Set<ChildProcess>()

export function stopAll(): void {
  for (const child of children) child.kill('SIGKILL')
}

export function stop({ process: child }: Variant): void {
  child?.kill('SIGKILL')
}

const pathOf = (name: string): string => new URL(name, import.meta.url).pathname

export async function startUpstream(): Promise<Ports> {
  const { line } = await startProcess('node', [pathOf('upstream.mjs')])
  const [flood = 0, echo = 0] = line.split(' ').map(Number)
  return { flood, echo }
}

/** Creates the proxies of one measurement. @returns the ports to connect to. */
export async function createProxies(variant: Variant, upstream: Ports, toxics: Toxics = []): Promise<Ports> {
  const { client } = variant
  if (client === null) return variant.ports ?? upstream
  const createProxy = async (name: 'flood' | 'echo'): Promise<number> => {
    const created = await client.createProxy({
      name,
      listen: '127.0.0.1:0',
      upstream: `127.0.0.1:${upstream[name]}`,
    })
    for (const toxic of toxics) await client.addToxic(name, { ...toxic, stream: 'downstream' })
    return Number(/:(\d+)$/.exec(created.listen)?.[1])
  }
  return { flood: await createProxy('flood'), echo: await createProxy('echo') }
}

function startProcess(
  command: string,
  args: readonly string[],
): Promise<{ readonly child: ChildProcess; readonly line: string }> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.add(child)
  child.once('exit', () => children.delete(child))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.stdout.once('data', (data: Buffer) => resolve({ child, line: data.toString().trim() }))
  })
}

export async function startBarePipe({ flood, echo }: Ports): Promise<Variant> {
  const { child, line } = await startProcess('node', [
    '--expose-gc',
    pathOf('bare.mjs'),
    String(flood),
    String(echo),
  ])
  const [floodPort = 0, echoPort = 0] = line.split(' ').map(Number)
  return { kind: 'bare', process: child, client: null, ports: { flood: floodPort, echo: echoPort } }
}

export async function startEmbedded(): Promise<Variant> {
  const { child, line } = await startProcess('node', ['--expose-gc', pathOf('embedded.mjs'), '0'])
  return { kind: 'embedded', process: child, client: new ToxiproxyClient(line) }
}

function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

export async function startToxiproxy(): Promise<Variant | null> {
  const program = process.env['STREAMPROOF_TOXIPROXY_SERVER'] ?? 'toxiproxy-server'
  try {
    execFileSync(program, ['-version'], { stdio: 'ignore' })
  } catch {
    return null
  }
  const port = await freePort()
  const child = spawn(program, ['-host', '127.0.0.1', '-port', String(port)], {
    stdio: 'ignore',
    // In its favour: by default it logs a line for every connection.
    env: { ...process.env, LOG_LEVEL: 'error' },
  })
  children.add(child)
  const client = new ToxiproxyClient(`http://127.0.0.1:${port}`)
  for (let attempt = 0; attempt < 50; attempt++) {
    await sleep(100)
    if (await client.version().catch(() => null)) return { kind: 'real', process: child, client }
  }
  throw new Error(`${program} does not answer on port ${port}`)
}
