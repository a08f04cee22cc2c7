import { randomBytes, randomInt } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { formatAddress, listenError, resolveListen } from './address.ts'
import { ProxyCollection } from './collection.ts'
import { ApiError, badBody } from './errors.ts'
import { Metrics, metricsType } from './metrics.ts'
import { errorAnswer, findRoute } from './routes.ts'
import type { Answer } from './routes.ts'
import { engineHeader, engineVersion } from './version.ts'

export interface EngineServerOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Seed of toxicity, jitter and slice sizes; default random. */
  readonly seed?: number
  /** Time limit of connecting to an upstream; default 10 000. */
  readonly dialTimeoutMs?: number
  /** Serves byte counts of proxies at `/metrics`. */
  readonly proxyMetrics?: boolean
  /** Serves figures of the process at `/metrics`. */
  readonly runtimeMetrics?: boolean
  /** A JSON array of proxies to start with, as `POST /populate` takes it. */
  readonly config?: string
}

export interface EngineServer {
  readonly host: string
  readonly port: number
  readonly url: string
  readonly seed: number
  close(): Promise<void>
}

/** Bytes. A longer body is refused. */
const bodyLimit = 8 * 1024 * 1024

const plain = 'text/plain; charset=utf-8'

/** Starts the embedded engine: Toxiproxy's HTTP API and its proxies. @throws ApiError if it cannot listen, or of `config`. */
export async function startEngineServer(options: EngineServerOptions): Promise<EngineServer> {
  const seed = options.seed ?? randomInt(2 ** 31)
  const metrics = new Metrics({
    proxyMetrics: options.proxyMetrics === true,
    runtimeMetrics: options.runtimeMetrics === true,
  })
  const collection = new ProxyCollection({ seed, dialTimeoutMs: options.dialTimeoutMs ?? 10_000, metrics })
  const service: Service = { collection, metrics }
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 15_000 }, (request, response) => {
    void serve(service, request, response)
  })
  const { error } = await collection.populate(options.config ?? '[]')
  if (error !== null) {
    await collection.close()
    throw error
  }
  const bound = await listen(server, options).catch(async (listenFailure: unknown) => {
    await collection.close()
    throw listenFailure
  })
  const host = bound.address
  return {
    host,
    port: bound.port,
    url: `http://${formatAddress(host, bound.port)}`,
    seed,
    close: async () => {
      await collection.close()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}

/** What every request is served from. */
interface Service {
  readonly collection: ProxyCollection
  readonly metrics: Metrics
}

/** Binds a name at its first IPv4 address, as Go does. */
async function listen(server: Server, options: EngineServerOptions): Promise<AddressInfo> {
  const address = await resolveListen(formatAddress(options.host, options.port), 'listen tcp: ')
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(address, error)))
    server.listen(address.port, address.host === '' ? '::' : address.host, () => {
      server.removeAllListeners('error')
      resolve(server.address() as AddressInfo)
    })
  })
}

async function serve(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let answer: Answer
  try {
    answer = await dispatch(service, request, response)
  } catch (error) {
    answer = errorAnswer(
      error instanceof ApiError ? error : new ApiError(500, `internal error: ${(error as Error).message}`),
    )
  }
  send(response, answer)
}

function send(response: ServerResponse, answer: Answer): void {
  if (response.destroyed) return
  response.setHeader(engineHeader, engineVersion)
  if (answer.type !== undefined) response.setHeader('Content-Type', answer.type)
  if (answer.type === plain) response.setHeader('X-Content-Type-Options', 'nosniff')
  const body = answer.body ?? ''
  if (answer.status !== 204) response.setHeader('Content-Length', Buffer.byteLength(body))
  response.writeHead(answer.status)
  response.end(body)
}

async function dispatch(
  service: Service,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Answer> {
  const [rawPath = '', ...query] = (request.url ?? '/').replace(/^https?:\/\/[^/?]*/i, '').split('?')
  let path: string
  try {
    path = decodeURIComponent(rawPath)
  } catch {
    return { status: 400, type: plain, body: '400 Bad Request' }
  }
  const clean = cleanPath(path)
  if (clean !== path) {
    response.setHeader('Location', [encodeURI(clean), ...query].join('?'))
    return { status: 301 }
  }
  const isMetrics = path === '/metrics' && service.metrics.enabled
  const match = findRoute(path)
  if (match === null && !isMetrics) return { status: 404, type: plain, body: '404 page not found\n' }
  const handler = match?.route.methods[request.method ?? '']
  if (handler === undefined && !isMetrics) return { status: 405 }
  response.setHeader('X-Toxiproxy-Request-Id', requestId())
  if (request.headers['user-agent']?.startsWith('Mozilla/') === true) {
    return { status: 403, type: plain, body: 'User agent not allowed\n' }
  }
  const body = await readBody(request)
  if (handler === undefined || match === null)
    return { status: 200, type: metricsType, body: service.metrics.text() }
  return handler(service.collection, match.names, body)
}

/** Cleans a path as Go's router does: no empty, `.` or `..` segments; a slash at the end stays. */
function cleanPath(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  const clean = `/${kept.join('/')}`
  return path.endsWith('/') && clean !== '/' ? `${clean}/` : clean
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    // The rest is read and dropped: a client that cannot finish its request would not read the answer.
    if (length <= bodyLimit) chunks.push(chunk)
  }
  if (length > bodyLimit) throw badBody(`more than ${bodyLimit} bytes`)
  return Buffer.concat(chunks).toString()
}

/** Twenty characters of base 32, as in the real server. */
function requestId(): string {
  let id = ''
  for (const byte of randomBytes(20)) id += (byte & 31).toString(32)
  return id
}
