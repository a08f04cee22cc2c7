import { startEngineServer } from '#proxies/embedded/server/server'
import { startToxiproxy } from '#proxies/driver/start-server'
import { needToxiproxy } from '../../lacking.ts'
import { Upstream, Wire } from '../wire.ts'

/**
 * One contract, asserted of the embedded engine and of Toxiproxy's own server. Each row is one statement about what a
 * client sees. If the two differ on purpose, the row states what each does.
 */

export type Kind = 'embedded' | 'toxiproxy'

export interface ApiAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON; undefined if it is not JSON. */
  readonly json: unknown
}

export interface ToxicBody {
  readonly type: string
  readonly name?: string
  readonly stream?: string
  readonly toxicity?: number
  readonly attributes?: Readonly<Record<string, number>>
}

type Run = (t: Row) => Promise<void>

interface ContractSuite {
  /** @param id of the row, unique over all files. */
  readonly row: (id: string, statement: string, run: Run) => void
}

const ids = new Set<string>()

/** Ids of the rows of all files loaded so far. */
export const rowIds = (): readonly string[] => [...ids]

/** Rows of a concurrent suite that run at the same time. */
const atOnce = 10

/**
 * Declares rows for both engines. In a concurrent suite several rows run at the same time, each with its own proxy, so that
 * their waits overlap. mocha still reports them one by one.
 */
export function contract(
  title: string,
  options: { readonly concurrent: boolean },
  declare: (suite: ContractSuite) => void,
): void {
  const rows: { readonly id: string; readonly statement: string; readonly run: Run }[] = []
  declare({
    row(id, statement, run) {
      if (ids.has(id)) throw new Error(`row ${id} is declared twice`)
      ids.add(id)
      rows.push({ id, statement, run })
    },
  })
  for (const kind of ['embedded', 'toxiproxy'] as const) {
    describe(`contract: ${title} (${kind})`, function () {
      // Rows of a concurrent suite wait for those before them.
      this.timeout(60_000)
      let server: { readonly url: string; stop(): Promise<void> }
      const outcomes = new Map<string, Promise<Error | null>>()
      before(async function () {
        if (kind === 'toxiproxy') needToxiproxy(this)
        server = await start(kind)
        if (options.concurrent) overlap(rows, outcomes, (run) => runRow(kind, server.url, run))
      })
      after(async () => {
        await Promise.all(outcomes.values())
        await (server as typeof server | undefined)?.stop()
      })
      for (const { id, statement, run } of rows) {
        it(`${id}: ${statement}`, async () => {
          const outcome = await (outcomes.get(id) ?? runRow(kind, server.url, run))
          if (outcome !== null) throw outcome
        })
      }
    })
  }
}

async function start(kind: Kind): Promise<{ readonly url: string; stop(): Promise<void> }> {
  if (kind === 'toxiproxy') return startToxiproxy(process.env, 2)
  const server = await startEngineServer({ host: '127.0.0.1', port: 0, seed: 7 })
  return { url: server.url, stop: () => server.close() }
}

/** Starts every row, a few at a time, and keeps the outcome of each. */
function overlap(
  rows: readonly { readonly id: string; readonly run: Run }[],
  outcomes: Map<string, Promise<Error | null>>,
  runRow: (run: Run) => Promise<Error | null>,
): void {
  const lanes = Array.from({ length: atOnce }, () => Promise.resolve<Error | null>(null))
  for (const [index, { id, run }] of rows.entries()) {
    const lane = index % atOnce
    const outcome = (lanes[lane] ?? Promise.resolve(null)).then(() => runRow(run))
    lanes[lane] = outcome
    outcomes.set(id, outcome)
  }
}

async function runRow(kind: Kind, url: string, run: Run): Promise<Error | null> {
  const row = new Row(kind, url)
  try {
    await run(row)
    return null
  } catch (error) {
    return error as Error
  } finally {
    await row.close()
  }
}

let counter = 0

/** What a row may use. Everything that it opens is closed after it. */
export class Row {
  readonly kind: Kind
  readonly url: string
  readonly #clean: (() => unknown)[] = []

  constructor(kind: Kind, url: string) {
    this.kind = kind
    this.url = url
  }

  /** The same row, at another server of the same kind. */
  at(url: string): Row {
    return new Row(this.kind, url)
  }

  /** A name that no other row uses. */
  name(): string {
    counter++
    const name = `row-${counter}`
    this.#clean.push(() => this.api('DELETE', `/proxies/${name}`))
    return name
  }

  /** Calls the API. A body that is not a string is sent as JSON. Redirects are not followed. */
  async api(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ApiAnswer> {
    const response = await fetch(this.url + path, {
      method,
      redirect: 'manual',
      headers,
      signal: AbortSignal.timeout(15_000),
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch {
      json = undefined
    }
    return { status: response.status, headers: response.headers, text, json }
  }

  /** Creates a proxy that is removed after the row. */
  async proxy(
    upstream: number | string,
    fields: Readonly<Record<string, unknown>> = {},
  ): Promise<{ name: string; port: number; path: string }> {
    const name = this.name()
    const address = typeof upstream === 'number' ? `127.0.0.1:${upstream}` : upstream
    const created = await this.api('POST', '/proxies', {
      name,
      listen: '127.0.0.1:0',
      upstream: address,
      ...fields,
    })
    if (created.status !== 201) throw new Error(`no proxy: ${created.status} ${created.text}`)
    return { name, port: portOf(created.json), path: `/proxies/${name}` }
  }

  async toxic(proxy: string, toxic: ToxicBody): Promise<string> {
    const created = await this.api('POST', `/proxies/${proxy}/toxics`, toxic)
    if (created.status !== 200) throw new Error(`no toxic: ${created.status} ${created.text}`)
    return `/proxies/${proxy}/toxics/${(created.json as { name: string }).name}`
  }

  async upstream(accepted?: (wire: Wire) => void): Promise<Upstream> {
    const upstream = await Upstream.open(accepted)
    this.#clean.push(() => upstream.close())
    return upstream
  }

  async echo(): Promise<Upstream> {
    const upstream = await Upstream.echo()
    this.#clean.push(() => upstream.close())
    return upstream
  }

  async connect(port: number, host?: string): Promise<Wire> {
    const wire = await Wire.connect(port, host)
    this.#clean.push(() => wire.socket.destroy())
    return wire
  }

  /** A connection through a new proxy with these toxics, with both of its ends. */
  async pair(...toxics: readonly ToxicBody[]): Promise<{
    readonly client: Wire
    readonly server: Wire
    readonly upstream: Upstream
    readonly name: string
    readonly path: string
    readonly port: number
    /** Paths of the toxics. */
    readonly toxics: readonly string[]
  }> {
    const upstream = await this.upstream()
    const proxy = await this.proxy(upstream.port)
    const paths: string[] = []
    for (const toxic of toxics) paths.push(await this.toxic(proxy.name, toxic))
    const client = await this.connect(proxy.port)
    const server = await upstream.next()
    return { client, server, upstream, ...proxy, toxics: paths }
  }

  /** Like `pair`, after one byte has passed to the server: the proxy serves the connection and has not only dialled it. */
  async livePair(): ReturnType<Row['pair']> {
    const pair = await this.pair()
    pair.client.send('x')
    await pair.server.got(1)
    return pair
  }

  /** Registers work to be done after the row. */
  defer(work: () => unknown): void {
    this.#clean.push(work)
  }

  async close(): Promise<void> {
    for (const clean of this.#clean.toReversed()) await Promise.resolve(clean()).catch(() => undefined)
  }
}

export function portOf(proxy: unknown): number {
  return Number(/:(\d+)$/.exec((proxy as { listen: string }).listen)?.[1])
}
