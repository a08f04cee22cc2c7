/**
 * The embedded engine against Toxiproxy's own server and no proxy at all, interleaved in one run, as medians and ratios.
 * `npm run bench:proxy [-- --rounds N] [--only NAME,...]`. Proxies and upstream run in processes of their own.
 * The real server is looked for on PATH; `STREAMPROOF_TOXIPROXY_SERVER` names another.
 */
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { parseArgs } from 'node:util'

import { ToxiproxyClient } from '../proxies/client.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, only: { type: 'string' } },
})
const rounds = Number(values.rounds)
const only = values.only?.split(',')

type Way = 'direct' | 'bare' | 'embedded' | 'real'

interface Subject {
  readonly way: Way
  readonly process: ChildProcess | null
  /** Null for a way without an API, whose ports are these. */
  readonly client: ToxiproxyClient | null
  readonly ports?: Ports
}

interface Ports {
  readonly flood: number
  readonly echo: number
}

const children: ChildProcess[] = []

async function main(): Promise<void> {
  const [flood = 0, echo = 0] = (await started('node', [local('proxy-upstream.mjs')])).line
    .split(' ')
    .map(Number)
  const upstream: Ports = { flood, echo }
  const proxies = async (): Promise<readonly Subject[]> => {
    const real = await toxiproxy()
    const ours = [await bare(upstream), await embedded()]
    return real === null ? ours : [...ours, real]
  }
  const direct: Subject = { way: 'direct', process: null, client: null }
  console.log(`node ${process.version}, ${rounds} rounds, medians; the ways take turns\n`)
  for (const measure of measures) {
    if (only !== undefined && !only.some((name) => measure.name.includes(name))) continue
    // In new processes each: what one measurement leaves behind, in heaps and compilers, changes the next one.
    const subjects = [direct, ...(await proxies())]
    if (subjects.length < 4) console.log('toxiproxy-server was not found: measuring without it')
    await report(measure, subjects, upstream)
    for (const { process: child } of subjects) child?.kill('SIGKILL')
  }
  if (only === undefined || only.some((name) => 'crowd'.includes(name)))
    await crowd(await embedded(), upstream)
  for (const child of children) child.kill('SIGKILL')
}

/**
 * As many connections through one embedded proxy as the descriptors of a process allow, 10,000 at most: opened, used,
 * and dropped by RST at once. Says what is left of them.
 */
async function crowd(subject: Subject, upstream: Ports): Promise<void> {
  const limit = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }))
  const count = Math.min(10_000, Math.floor((limit - 400) / 2))
  const { echo } = await lay(subject, upstream, {})
  const memory = async (): Promise<number> => {
    subject.process?.kill('SIGUSR2')
    await sleep(1500)
    const text = await (await fetch(`${subject.client?.url}/metrics`)).text()
    const figure = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
    return (figure('nodejs_heap_size_used_bytes') + figure('nodejs_external_memory_bytes')) / 1e6
  }
  const wave = async (size: number): Promise<number> => {
    const sockets: Socket[] = []
    const seen = { answers: 0 }
    for (let i = 0; i < size; i += 200) {
      const some = await Promise.all(
        Array.from({ length: Math.min(200, size - i) }, () => open(echo, () => seen.answers++)),
      )
      for (const socket of some) socket.write('x')
      sockets.push(...some)
    }
    while (seen.answers < size) await sleep(20)
    for (const socket of sockets) socket.resetAndDestroy()
    return seen.answers
  }
  await wave(2500)
  await sleep(1000)
  const before = await memory()
  const answers = await wave(count)
  const open0 = performance.now()
  let live = count
  while (live > 0 && performance.now() - open0 < 20_000) {
    await sleep(50)
    const seen = (await (await fetch(`${subject.client?.url}/proxies/echo/connections`)).json()) as {
      connections: { state: string }[]
    }
    live = seen.connections.filter((one) => one.state !== 'closed').length
  }
  const gone = performance.now() - open0
  const after = await memory()
  console.log(`crowd (embedded, descriptors ${limit})`)
  console.log(
    `  opened ${count}  answered ${answers}  left after their reset ${live} (${gone.toFixed(0)} ms)`,
  )
  console.log(
    `  ${'memory after / before'.padEnd(28)}${ratio(after, before).padStart(8)}  <= 1.20x (${before.toFixed(1)} -> ${after.toFixed(1)} MB)`,
  )
}

// --- What is measured ---------------------------------------------------------------------------------------------

interface Measure {
  readonly name: string
  readonly unit: string
  readonly toxics?: readonly {
    readonly type: string
    readonly attributes: Readonly<Record<string, number>>
  }[]
  /** Without it, a proxy only: a figure of its own without proxy makes no sense. */
  readonly direct?: boolean
  readonly rounds?: number
  run(ports: Ports, subject: Subject): Promise<Readonly<Record<string, number>>>
  /** Figures of the table, from the medians of each way: [name, value, what it should be]. */
  compare(
    medians: Readonly<Partial<Record<Way, Readonly<Record<string, number>>>>>,
  ): readonly (readonly [string, string, string])[]
}

const ratio = (a: number | undefined, b: number | undefined): string =>
  a === undefined || b === undefined ? '-' : `${(a / b).toFixed(2)}x`

/** A line for orientation, where there is something to compare. */
function bareOf(
  bare: Readonly<Record<string, number>> | undefined,
  key: string,
  real: Readonly<Record<string, number>> | undefined,
): readonly (readonly [string, string, string])[] {
  return bare === undefined ? [] : [['bare pipe / real', ratio(bare[key], real?.[key]), '']]
}

const throughput = (connections: number, goal: string, toxic?: Measure['toxics']): Measure => ({
  name: `throughput-${connections}${toxic === undefined ? '' : `-${toxic[0]?.type}`}`,
  unit: 'MB/s',
  ...(toxic === undefined ? {} : { toxics: toxic }),
  run: async ({ flood }) => ({ rate: await flow(flood, connections, 1000) }),
  compare: ({ bare, embedded, real }) => [
    ['embedded / real', ratio(embedded?.['rate'], real?.['rate']), goal],
    ...bareOf(bare, 'rate', real),
  ],
})

const measures: readonly Measure[] = [
  throughput(1, '>= 1.35x'),
  throughput(100, '>= 1.00x'),
  throughput(1, '>= 1.00x', [{ type: 'latency', attributes: { latency: 1, jitter: 0 } }]),
  throughput(1, '>= 1.00x', [{ type: 'bandwidth', attributes: { rate: 10_000_000 } }]),
  {
    name: 'round-trip',
    unit: 'us',
    run: ({ echo }) => roundTrips(echo, 4000),
    compare: ({ direct, bare, embedded, real }) => {
      const added = (way: Readonly<Record<string, number>> | undefined, key: string): number | undefined =>
        way === undefined || direct === undefined ? undefined : (way[key] ?? 0) - (direct[key] ?? 0)
      return [
        ['added p50, embedded / real', ratio(added(embedded, 'p50'), added(real, 'p50')), '<= 0.60x'],
        ['added p99, embedded / real', ratio(added(embedded, 'p99'), added(real, 'p99')), '<= 0.70x'],
        ['added p50, bare pipe / real', ratio(added(bare, 'p50'), added(real, 'p50')), ''],
      ]
    },
  },
  {
    name: 'connects',
    unit: '/s',
    run: async ({ echo }) => ({ rate: await connects(echo, 4000, 32) }),
    compare: ({ bare, embedded, real }) => [
      ['embedded / real', ratio(embedded?.['rate'], real?.['rate']), '>= 1.30x'],
      ...bareOf(bare, 'rate', real),
    ],
  },
  {
    name: 'idle-memory',
    unit: 'KB per connection',
    direct: false,
    rounds: 1,
    run: async ({ echo }, subject) => ({ memory: await idleMemory(echo, 5000, subject) }),
    compare: ({ bare, embedded, real }) => [
      ['embedded / real', ratio(embedded?.['memory'], real?.['memory']), '<= 0.35x'],
      ...bareOf(bare, 'memory', real),
    ],
  },
  latencyOf(1, '<= 1.0'),
  latencyOf(20, '<= 1.5'),
  {
    name: 'bandwidth-1000',
    unit: 'KB/s',
    direct: false,
    rounds: 3,
    toxics: [{ type: 'bandwidth', attributes: { rate: 1000 } }],
    run: async ({ flood }) => ({ rate: (await flow(flood, 1, 3000, 1_000_000)) * 1000 }),
    compare: ({ embedded, real }) => {
      const off = (way: Readonly<Record<string, number>> | undefined): string =>
        way === undefined ? '-' : `${(((way['rate'] ?? 0) / 1000 - 1) * 100).toFixed(2)} %`
      return [
        ['embedded off by', off(embedded), 'within 1 %'],
        ['real off by', off(real), ''],
      ]
    },
  },
]

function latencyOf(connections: number, goal: string): Measure {
  return {
    name: `latency-100ms-${connections}`,
    unit: 'ms late',
    direct: false,
    rounds: 3,
    toxics: [{ type: 'latency', attributes: { latency: 100, jitter: 0 } }],
    run: ({ echo }) => lateness(echo, connections, 10),
    compare: ({ embedded, real }) => [
      ['embedded p50', (embedded?.['p50'] ?? Number.NaN).toFixed(2), goal],
      ['real p50', real === undefined ? '-' : (real['p50'] ?? Number.NaN).toFixed(2), ''],
      ['embedded earliest', (embedded?.['earliest'] ?? Number.NaN).toFixed(2), '>= 0'],
    ],
  }
}

// --- How ----------------------------------------------------------------------------------------------------------

/** MB per second that arrive; what came before `skip` bytes is not counted. */
async function flow(port: number, connections: number, ms: number, skip = 0): Promise<number> {
  let bytes = 0
  let start = performance.now()
  let last = start
  let counting = skip === 0
  const sockets = await Promise.all(
    Array.from({ length: connections }, () =>
      open(port, (length) => {
        bytes += length
        last = performance.now()
        if (counting || bytes < skip) return
        counting = true
        bytes = 0
        start = performance.now()
      }),
    ),
  )
  if (skip === 0) start = performance.now()
  for (const socket of sockets) socket.write('go')
  await sleep(ms)
  // Bytes come in lumps: the time runs from the end of one lump to the end of another.
  const rate = bytes / 1000 / ((skip === 0 ? performance.now() : last) - start)
  for (const socket of sockets) socket.resetAndDestroy()
  await sleep(100)
  return rate
}

async function roundTrips(port: number, count: number): Promise<Record<string, number>> {
  const times: number[] = []
  const ask = Buffer.alloc(100, 'q')
  let answered: () => void = () => undefined
  let got = 0
  const socket = await open(port, (length) => {
    got += length
    if (got === ask.length) answered()
  })
  for (let i = 0; i < count + 500; i++) {
    got = 0
    const start = performance.now()
    const answer = new Promise<void>((resolve) => (answered = resolve))
    socket.write(ask)
    await answer
    if (i >= 500) times.push((performance.now() - start) * 1000)
  }
  socket.resetAndDestroy()
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
}

/** Connections opened, used for one byte and reset, per second. */
async function connects(port: number, count: number, lanes: number): Promise<number> {
  const start = performance.now()
  let left = count
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      await new Promise<void>((resolve, reject) => {
        const socket = connect({ port, host: '127.0.0.1', noDelay: true })
        socket.once('connect', () => socket.write('x'))
        socket.once('data', () => {
          socket.resetAndDestroy()
          resolve()
        })
        socket.once('error', reject)
      })
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return count / ((performance.now() - start) / 1000)
}

/** Growth of the proxy's resident memory by each connection that was used once and then stands idle. */
async function idleMemory(port: number, count: number, subject: Subject): Promise<number> {
  const pid = subject.process?.pid ?? 0
  await sleep(500)
  const before = resident(pid)
  const sockets: Socket[] = []
  for (let i = 0; i < count; i += 250) {
    const some = await Promise.all(
      Array.from({ length: 250 }, async () => {
        let heard: () => void = () => undefined
        const answer = new Promise<void>((resolve) => (heard = resolve))
        const socket = await open(port, () => heard())
        socket.write('x')
        await answer
        return socket
      }),
    )
    sockets.push(...some)
  }
  if (subject.way !== 'real') subject.process?.kill('SIGUSR2')
  await sleep(1000)
  const growth = resident(pid) - before
  for (const socket of sockets) socket.resetAndDestroy()
  await sleep(1500)
  return growth / count
}

/** KB; Linux only. */
function resident(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

/** How much later than 100 ms answers come. */
async function lateness(port: number, connections: number, count: number): Promise<Record<string, number>> {
  const late: number[] = []
  const one = async (index: number): Promise<void> => {
    let answered: () => void = () => undefined
    const socket = await open(port, () => answered())
    await sleep(index * 5)
    for (let i = 0; i < count; i++) {
      const start = performance.now()
      const answer = new Promise<void>((resolve) => (answered = resolve))
      socket.write('x')
      await answer
      late.push(performance.now() - start - 100)
      await sleep(7)
    }
    socket.resetAndDestroy()
  }
  await Promise.all(Array.from({ length: connections }, (_, index) => one(index)))
  return { p50: percentile(late, 0.5), p99: percentile(late, 0.99), earliest: Math.min(...late) }
}

/** Reads into one buffer, so that the measuring side costs as little as it can. */
function open(port: number, heard: (bytes: number) => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafe(64 * 1024),
        callback: (length) => {
          heard(length)
          return true
        },
      },
    })
    socket.once('connect', () => resolve(socket))
    socket.once('error', reject)
    socket.on('error', () => undefined)
  })
}

function percentile(list: readonly number[], part: number): number {
  const sorted = list.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const local = (name: string): string => new URL(name, import.meta.url).pathname

// --- The table ----------------------------------------------------------------------------------------------------

async function report(measure: Measure, subjects: readonly Subject[], upstream: Ports): Promise<void> {
  const taking = subjects.filter(
    (one) =>
      (one.way !== 'direct' || measure.direct !== false) &&
      (one.way !== 'bare' || measure.toxics === undefined),
  )
  const seen = new Map<Way, Record<string, number>[]>(taking.map((one) => [one.way, []]))
  for (let round = 0; round < Math.min(rounds, measure.rounds ?? rounds); round++) {
    for (const subject of taking) {
      const ports = await lay(subject, upstream, measure)
      seen.get(subject.way)?.push({ ...(await measure.run(ports, subject)) })
      await subject.client?.removeProxy('flood')
      await subject.client?.removeProxy('echo')
    }
  }
  const medians: Partial<Record<Way, Record<string, number>>> = {}
  for (const [way, all] of seen) {
    const keys = Object.keys(all[0] ?? {})
    medians[way] = Object.fromEntries(
      keys.map((key) => [
        key,
        percentile(
          all.map((one) => one[key] ?? 0),
          0.5,
        ),
      ]),
    )
  }
  console.log(`${measure.name} (${measure.unit})`)
  for (const [way, figures] of Object.entries(medians)) {
    console.log(
      `  ${way.padEnd(10)}${Object.entries(figures)
        .map(([key, value]) => `${key} ${value.toFixed(value < 100 ? 2 : 0)}`)
        .join('  ')}`,
    )
  }
  for (const [name, value, goal] of measure.compare(medians))
    console.log(`  ${name.padEnd(28)}${value.padStart(8)}  ${goal}`)
}

/** Proxies for one measurement, or the upstream's own ports. */
async function lay(subject: Subject, upstream: Ports, measure: Pick<Measure, 'toxics'>): Promise<Ports> {
  const { client } = subject
  if (client === null) return subject.ports ?? upstream
  const make = async (name: 'flood' | 'echo'): Promise<number> => {
    const made = await client.createProxy({
      name,
      listen: '127.0.0.1:0',
      upstream: `127.0.0.1:${upstream[name]}`,
    })
    for (const toxic of measure.toxics ?? []) await client.addToxic(name, { ...toxic, stream: 'downstream' })
    return Number(/:(\d+)$/.exec(made.listen)?.[1])
  }
  return { flood: await make('flood'), echo: await make('echo') }
}

// --- Processes ----------------------------------------------------------------------------------------------------

function started(
  command: string,
  args: readonly string[],
): Promise<{ readonly child: ChildProcess; readonly line: string }> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.stdout.once('data', (data: Buffer) => resolve({ child, line: data.toString().trim() }))
  })
}

async function bare({ flood, echo }: Ports): Promise<Subject> {
  const { child, line } = await started('node', [
    '--expose-gc',
    local('proxy-bare.mjs'),
    String(flood),
    String(echo),
  ])
  const [ownFlood = 0, ownEcho = 0] = line.split(' ').map(Number)
  return { way: 'bare', process: child, client: null, ports: { flood: ownFlood, echo: ownEcho } }
}

async function embedded(): Promise<Subject> {
  const { child, line } = await started('node', ['--expose-gc', local('proxy-embedded.mjs'), '0'])
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

async function toxiproxy(): Promise<Subject | null> {
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
  children.push(child)
  const client = new ToxiproxyClient(`http://127.0.0.1:${port}`)
  for (let tries = 0; tries < 50; tries++) {
    await sleep(100)
    if (await client.version().catch(() => null)) return { way: 'real', process: child, client }
  }
  throw new Error(`${program} does not answer on port ${port}`)
}

await main()
