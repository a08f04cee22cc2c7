import { startEngineServer } from '#proxies/embedded/server/server'
import { startToxiproxy } from '#proxies/driver/start-server'
import { needToxiproxy } from '../../lacking.ts'
import { Upstream, Wire } from '../wire.ts'

/**
 * One contract, asserted of the embedded engine and of Toxiproxy's own server. Each row is one statement about what a
 * client sees; where the two differ on purpose, the row says what each does.
 */

export type Kind = 'embedded' | 'toxiproxy'

export interface ApiAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON; undefined where it is none. */
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
  /** `id` names the row of the contract; unique over all files. */
  readonly row: (id: string, says: string, run: Run) => void
}

const ids = new Set<string>()

/** Ids of the rows of all files loaded so far. */
export const rowIds = (): readonly string[] => [...ids]

/** Rows of a concurrent suite under way at one time. */
const together = 10

/**
 * Declares rows for both engines. In a concurrent suite each row has a proxy of its own and all of them run side by
 * side, so that their waits overlap; mocha still reports them one by one.
 */
export function contract(
  title: string,
  options: { readonly concurrent: boolean },
  declare: (suite: ContractSuite) => void,
): void {
  const rows: { readonly id: string; readonly says: string; readonly run: Run }[] = []
  declare({
    row(id, says, run) {
      if (ids.has(id)) throw new Error(`row ${id} is declared twice`)
      ids.add(id)
      rows.push({ id, says, run })
    },
  })
  for (const kind of ['embedded', 'toxiproxy'] as const) {
    describe(`contract: ${title} (${kind})`, () => {
      let server: { readonly url: string; stop(): Promise<void> }
      const outcomes = new Map<string, Promise<Error | null>>()
      before(async function () {
        if (kind === 'toxiproxy') needToxiproxy(this)
        server = await start(kind)
        if (options.concurrent) overlap(rows, outcomes, (run) => play(kind, server.url, run))
      })
      after(async () => {
        await Promise.all(outcomes.values())
        await (server as typeof server | undefined)?.stop()
      })
      for (const { id, says, run } of rows) {
        it(`${id}: ${says}`, async () => {
          const outcome = await (outcomes.get(id) ?? play(kind, server.url, run))
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

/** Starts every row, a few at a time, and keeps what became of each. */
function overlap(
  rows: readonly { readonly id: string; readonly run: Run }[],
  outcomes: Map<string, Promise<Error | null>>,
  play: (run: Run) => Promise<Error | null>,
): void {
  const lanes = Array.from({ length: together }, () => Promise.resolve<Error | null>(null))
  for (const [index, { id, run }] of rows.entries()) {
    const lane = index % together
    const outcome = (lanes[lane] ?? Promise.resolve(null)).then(() => play(run))
    lanes[lane] = outcome
    outcomes.set(id, outcome)
  }
}

async function play(kind: Kind, url: string, run: Run): Promise<Error | null> {
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

/** What a row may use; everything it opens is closed behind it. */
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

  /** Calls the API; a body that is no string is sent as JSON. Redirects are not followed. */
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

  /** Creates a proxy that goes away with the row, and gives its name and port. */
  async proxy(
    upstream: number | string,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<{ name: string; port: number; path: string }> {
    const name = this.name()
    const address = typeof upstream === 'number' ? `127.0.0.1:${upstream}` : upstream
    const made = await this.api('POST', '/proxies', {
      name,
      listen: '127.0.0.1:0',
      upstream: address,
      ...more,
    })
    if (made.status !== 201) throw new Error(`no proxy: ${made.status} ${made.text}`)
    return { name, port: portOf(made.json), path: `/proxies/${name}` }
  }

  async toxic(proxy: string, toxic: ToxicBody): Promise<string> {
    const made = await this.api('POST', `/proxies/${proxy}/toxics`, toxic)
    if (made.status !== 200) throw new Error(`no toxic: ${made.status} ${made.text}`)
    return `/proxies/${proxy}/toxics/${(made.json as { name: string }).name}`
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

  /** A connection through a new proxy with these toxics: both ends in hand. */
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

  /** As `pair`, with a byte that has passed up: the proxy has it at work, and not only dialled. */
  async livePair(): ReturnType<Row['pair']> {
    const made = await this.pair()
    made.client.send('x')
    await made.server.got(1)
    return made
  }

  /** To be done when the row is over. */
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
