import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

import { ToxiproxyClient } from '#proxies/driver/api/client'
import { sleep } from './load.ts'

export type Way = 'direct' | 'bare' | 'embedded' | 'real'

/** One of the ways to the upstream, in a process of its own. */
export interface Subject {
  readonly way: Way
  readonly process: ChildProcess | null
  /** Null for a way without an API, whose ports are these. */
  readonly client: ToxiproxyClient | null
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

export function endAll(): void {
  for (const child of children) child.kill('SIGKILL')
}

export function end({ process: child }: Subject): void {
  child?.kill('SIGKILL')
}

const local = (name: string): string => new URL(name, import.meta.url).pathname

export async function upstreamPorts(): Promise<Ports> {
  const { line } = await started('node', [local('upstream.mjs')])
  const [flood = 0, echo = 0] = line.split(' ').map(Number)
  return { flood, echo }
}

/** Proxies for one measurement, or the upstream's own ports. */
export async function lay(subject: Subject, upstream: Ports, toxics: Toxics = []): Promise<Ports> {
  const { client } = subject
  if (client === null) return subject.ports ?? upstream
  const make = async (name: 'flood' | 'echo'): Promise<number> => {
    const made = await client.createProxy({
      name,
      listen: '127.0.0.1:0',
      upstream: `127.0.0.1:${upstream[name]}`,
    })
    for (const toxic of toxics) await client.addToxic(name, { ...toxic, stream: 'downstream' })
    return Number(/:(\d+)$/.exec(made.listen)?.[1])
  }
  return { flood: await make('flood'), echo: await make('echo') }
}

function started(
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

export async function bare({ flood, echo }: Ports): Promise<Subject> {
  const { child, line } = await started('node', [
    '--expose-gc',
    local('bare.mjs'),
    String(flood),
    String(echo),
  ])
  const [ownFlood = 0, ownEcho = 0] = line.split(' ').map(Number)
  return { way: 'bare', process: child, client: null, ports: { flood: ownFlood, echo: ownEcho } }
}

export async function embedded(): Promise<Subject> {
  const { child, line } = await started('node', ['--expose-gc', local('embedded.mjs'), '0'])
  return { way: 'embedded', process: child, client: new ToxiproxyClient(line) }
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

export async function toxiproxy(): Promise<Subject | null> {
  const program = process.env['STREAMPROOF_TOXIPROXY_SERVER'] ?? 'toxiproxy-server'
  try {
    execFileSync(program, ['-version'], { stdio: 'ignore' })
  } catch {
    return null
  }
  const port = await freePort()
  const child = spawn(program, ['-host', '127.0.0.1', '-port', String(port)], {
    stdio: 'ignore',
    // In its favour: as people run it, it writes a line for every connection.
    env: { ...process.env, LOG_LEVEL: 'error' },
  })
  children.add(child)
  const client = new ToxiproxyClient(`http://127.0.0.1:${port}`)
  for (let tries = 0; tries < 50; tries++) {
    await sleep(100)
    if (await client.version().catch(() => null)) return { way: 'real', process: child, client }
  }
  throw new Error(`${program} does not answer on port ${port}`)
}
