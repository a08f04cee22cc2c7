import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Contract } from '../../harness/protocols/index.ts'

/** A server of an independent project, started on a free port of the loopback address. */
export interface RealServer {
  readonly name: string
  /** The contract, with the addresses of the started server. */
  readonly contract: Contract
  close(): Promise<void>
}

export interface ServerRecipe {
  readonly name: string
  /** What it is, for docs/real-servers.md. */
  readonly about: About
  /** What is missing on this machine, or null. */
  missing(): string | null
  start(): Promise<RealServer>
}

export interface About {
  readonly what: string
  /** Its package: from npm (the lock file has the version) or from Debian 12. */
  readonly from: { readonly npm: string } | { readonly debian: string; readonly version: string }
  /** How it is set up, and what a reader should know about its results. */
  readonly configuration: string
}

const showsStderr = process.env['STREAMPROOF_REAL_STDERR'] === '1'
const folder = fileURLToPath(new URL('servers/', import.meta.url))
const debianPython = '/usr/bin/python3'
const nchanModule = '/usr/lib/nginx/modules/ngx_nchan_module.so'

const jsonPublish = (origin: string): NonNullable<Contract['publish']> => ({
  url: `${origin}/publish`,
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{"data":{json:data},"event":{json:event},"id":{json:id}}',
})

const npm = (what: string, configuration: string, name = what): About => ({
  what,
  from: { npm: name },
  configuration,
})

const websocketServer = (
  name: string,
  script: string,
  about: About,
  args: readonly string[] = [],
): ServerRecipe => recipe(name, about, script, args, (port) => ({ ws: `ws://127.0.0.1:${port}/` }))

const sseServer = (name: string, script: string, about: About): ServerRecipe =>
  recipe(name, about, script, [], (port) => ({
    sse: `http://127.0.0.1:${port}/events`,
    publish: jsonPublish(`http://127.0.0.1:${port}`),
  }))

const nodeHttp =
  "Node's HTTP server is responsible for Host and the HTTP version, and checks neither before an upgrade."

export const recipes: readonly ServerRecipe[] = [
  websocketServer('ws', 'ws.mjs', npm('ws', `Defaults: no compression. ${nodeHttp}`)),
  websocketServer('ws-deflate', 'ws.mjs', npm('ws', 'Defaults, with `perMessageDeflate: true`.'), [
    '--deflate',
  ]),
  websocketServer('websocket', 'websocket.mjs', npm('websocket', `Defaults. ${nodeHttp}`)),
  websocketServer(
    'faye-websocket',
    'faye-websocket.mjs',
    npm(
      'faye-websocket',
      `The example of its README, which does not respond to an upgrade to another protocol: that is the example, not the library. ${nodeHttp}`,
    ),
  ),
  websocketServer('py-websockets', 'py_websockets.py', {
    what: 'websockets (Python)',
    from: { debian: 'python3-websockets', version: '10.4' },
    configuration: 'Defaults. Later versions were not tried.',
  }),
  websocketServer('py-aiohttp', 'py_aiohttp.py', {
    what: 'aiohttp (Python)',
    from: { debian: 'python3-aiohttp', version: '3.8.4' },
    configuration: 'Defaults. Later versions were not tried.',
  }),
  sseServer(
    'hono',
    'hono.mjs',
    npm(
      'hono',
      'The example of `streamSSE` on `@hono/node-server`. The application keeps no history to replay.',
    ),
  ),
  sseServer(
    'better-sse',
    'better-sse.mjs',
    npm(
      'better-sse',
      'Defaults: data is sent as JSON, and no history is kept. The application must validate names and ids.',
    ),
  ),
  sseServer('sse-channel', 'sse-channel.mjs', npm('sse-channel', 'Defaults, with a history of 2000 events.')),
  {
    name: 'nchan',
    about: {
      what: 'nchan (nginx)',
      from: { debian: 'libnginx-mod-nchan', version: '1.3.6, nginx 1.22.1' },
      configuration:
        'One location each for WebSocket, event stream and publishing. It forwards published data unchanged: the publisher must send UTF-8 without carriage returns.',
    },
    missing: () => (existsSync(nchanModule) ? null : 'nginx with libnginx-mod-nchan'),
    start: startNchan,
  },
]

function recipe(
  name: string,
  about: About,
  script: string,
  args: readonly string[],
  contract: (port: number) => Contract,
): ServerRecipe {
  const python = script.endsWith('.py')
  return {
    name,
    about,
    missing: () => (python ? missingPython(script) : null),
    async start() {
      const child = spawn(python ? debianPython : process.execPath, [join(folder, script), ...args], {
        // Servers log the malformed input that the checks send.
        stdio: ['ignore', 'pipe', showsStderr ? 'inherit' : 'ignore'],
      })
      const port = await announcedPort(name, child)
      return { name, contract: contract(port), close: () => stop(child) }
    },
  }
}

/** A script `py_NAME.py` imports the module NAME, which Debian packages for its own Python. */
function missingPython(script: string): string | null {
  const module = /^py_(\w+)\.py$/.exec(script)?.[1] ?? ''
  const { status } = spawnSync(debianPython, ['-c', `import ${module}`], { stdio: 'ignore' })
  return status === 0 ? null : `Debian's python3-${module}`
}

/** The port in the line `listening PORT`, which every script prints once it listens. */
async function announcedPort(name: string, child: ChildProcess): Promise<number> {
  if (child.stdout === null) throw new Error(`${name} has no standard output`)
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /^listening (\d+)$/.exec(line)?.[1]
    if (port !== undefined) {
      child.stdout.resume()
      return Number(port)
    }
  }
  throw new Error(`${name} ended before it listened`)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

async function startNchan(): Promise<RealServer> {
  const work = await mkdtemp(join(tmpdir(), 'streamproof-nchan-'))
  const port = await freePort()
  const template = await readFile(join(folder, 'nchan.conf'), 'utf8')
  const conf = join(work, 'nginx.conf')
  await writeFile(conf, template.replaceAll('{folder}', work).replaceAll('{port}', String(port)))
  const child = spawn('/usr/sbin/nginx', ['-c', conf, '-p', work, '-e', join(work, 'error.log')], {
    stdio: ['ignore', 'ignore', showsStderr ? 'inherit' : 'ignore'],
  })
  await untilListening('nginx', port, child)
  const origin = `http://127.0.0.1:${port}`
  return {
    name: 'nchan',
    contract: {
      ws: `ws://127.0.0.1:${port}/ws`,
      sse: `${origin}/events`,
      publish: {
        url: `${origin}/publish`,
        method: 'POST',
        headers: { 'content-type': 'text/plain', 'X-EventSource-Event': '{event}' },
        body: '{data}',
      },
    },
    close: async () => {
      await stop(child)
      await rm(work, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Connects until nginx accepts a connection: it has no other sign that it listens. Rejects after 5 s. */
async function untilListening(name: string, port: number, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + 5000
  while (performance.now() < deadline && child.exitCode === null) {
    const socket = connect(port, '127.0.0.1')
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    socket.destroy()
    if (connected) return
  }
  await stop(child)
  throw new Error(`${name} did not listen on 127.0.0.1:${port} within 5 s`)
}
