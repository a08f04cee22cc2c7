import { once } from 'node:events'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import { assemble } from '#model/catalogue'
import { check as declare, declaredChecks } from '#model/check'
import type { Check, DeclaredCheck, Section } from '#model/check'
import { Violation } from '#model/errors'
import type { Catalogue } from '#model/catalogue'
import type { Product } from '#cli/product'
import { openConnection } from '#peers/net/open-connection'
import type { SessionContext } from '#peers/session/context'
import { absent, contractFindings, present } from '#target/discovery/findings'
import { serverDiscovery } from '#target/discovery/server'
import type { ProtocolModule } from '#target/protocol'
import { clientTarget, serverTarget } from '#target/target'

/**
 * A third protocol, written as the modules in `harness/protocols` are: lines over TCP, each of which is answered with
 * the same line. Its servers are judged by three checks, its clients by two. Nothing outside this folder knows of it.
 */

/** The verbs of its checks. */
interface LineKit {
  /** Sends lines on a new connection, in the variant's segments, and gives as many lines as were sent. */
  readonly exchange: (lines: readonly string[]) => Promise<readonly string[]>
  /** Starts the client, and gives the first line that it sends; answers it with this line. */
  readonly serve: (answer: string) => Promise<{ readonly first: string; readonly second: string }>
  readonly expect: (holds: boolean, expected: string, actual: string) => void
}

/** How long a client may take to start and to connect, in ms. */
const startMs = 10_000

function openLineKit(context: SessionContext): LineKit {
  return {
    async exchange(lines) {
      const { url, tls } = context.endpoint
      const connection = await openConnection(context, { url, tls })
      let text = ''
      connection.read({ data: (bytes) => (text += Buffer.from(bytes).toString('utf8')) })
      const bytes = Buffer.from(`${lines.join('\n')}\n`, 'utf8')
      const segments = context.check.variant === 'bytewise' ? Array.from(bytes, () => 1) : undefined
      connection.write(bytes, segments)
      const whole = (): true | undefined => (text.split('\n').length > lines.length ? true : undefined)
      await connection.watch.until(whole, context.limits.reply)
      context.judged(connection.ending)
      await connection.close()
      return text.split('\n').slice(0, -1)
    },
    async serve(answer) {
      const { client } = context.environment
      if (client === null) throw new TypeError('the target is no client')
      const server = net.createServer()
      context.scope.defer(() => server.close())
      await once(server.listen(0, '127.0.0.1'), 'listening')
      const started = client.start([String((server.address() as AddressInfo).port)])
      context.scope.defer(() => started.stop())
      const lines = await new Promise<string[]>((resolve, reject) => {
        const late = new Violation('two lines', 'fewer lines within the limit')
        const timer = setTimeout(() => reject(late), startMs)
        context.scope.defer(() => clearTimeout(timer))
        server.once('connection', (socket) => {
          context.scope.defer(() => socket.destroy())
          let text = ''
          socket.setEncoding('utf8').on('data', (part: string) => {
            text += part
            const found = text.split('\n')
            if (found.length === 2) socket.write(`${answer}\n`)
            if (found.length > 2) resolve(found)
          })
        })
      })
      return { first: lines[0] ?? '', second: lines[1] ?? '' }
    },
    expect(holds, expected, actual) {
      if (!holds) throw new Violation(expected, actual)
    },
  }
}

const capabilities = {
  'line.echo': { meaning: 'a line comes back unchanged', enable: 'a target that answers lines' },
  'line.binary': { meaning: 'bytes that are no text come back', enable: 'a target that answers bytes' },
} as const

type LineCapability = keyof typeof capabilities

const lineProtocol: ProtocolModule<LineKit> = {
  id: 'line',
  prefix: 'line',
  title: 'Line Echo',
  shortTitle: 'Lines',
  noun: 'a line service',
  serverTitle: 'line server',
  schemes: { plain: 'line:', secure: 'lines:' },
  capabilities,
  contract: {
    line: z.string().exactOptional(),
    lineClient: z.array(z.string()).exactOptional(),
  },
  options: {
    line: { value: 'url', help: 'line server to test: a line: URL', holdsUrl: true },
    lineClient: { value: 'word', help: 'command of a line client to test', list: true },
  },
  shown: () => null,
  targetKeys: ['line', 'lineClient'],
  targets(contract, shared) {
    const { line, lineClient } = contract as { line?: string; lineClient?: string[] }
    const further = { subprotocols: [], opening: [], publish: null, accept: '*/*' }
    const request = { method: 'GET', headers: [], body: null }
    const [program, ...words] = lineClient ?? []
    return [
      ...(line === undefined ? [] : [serverTarget({ ...shared.endpoint(line), ...further, request })]),
      ...(program === undefined ? [] : [clientTarget('line', [program, ...words])]),
    ]
  },
  secrets: ({ line }) => ({ targetUrls: [line as string | undefined] }),
  words: ({ line }) => ({ target: typeof line === 'string' ? ['--line', line] : [], further: [] }),
  discovery: {
    server: serverDiscovery<LineKit>({
      async open(kit) {
        await kit.exchange(['open'])
      },
      async find({ kit, endpoint }) {
        const [line] = await kit.exchange(['find'])
        const findings = {
          'line.echo': line === 'find' ? present('a line came back') : absent('no line came back'),
          'line.binary': absent('a line is text'),
          ...contractFindings({ prefix: 'line' }, endpoint),
        }
        return { findings, broadcasts: false }
      },
      async speaks(kit) {
        return (await kit.exchange(['speaks']))[0] === 'speaks'
      },
      firstAnswer: { ask: () => Promise.resolve(null), request: 'a line', redirects: 'lines lead nowhere' },
    }),
    client: {
      discover: () => Promise.resolve({ findings: {}, slowestMs: 0, broadcasts: false }),
    },
  },
}

const before = declaredChecks().length
const check = (definition: Check<LineKit, LineCapability>): DeclaredCheck<LineKit> => declare(definition)

const common = {
  level: 'MUST',
  clause: { spec: 'STREAMPROOF', section: 'lines' },
  topic: 'protocol',
} as const

const servers: Section = { protocol: 'line', order: 1, title: 'Lines: what a server answers' }
const clients: Section = { protocol: 'line', role: 'client', order: 2, title: 'Lines: what a client sends' }

const serverChecks = [
  check({
    ...common,
    id: 'line/echo/empty',
    title: 'answers an empty line',
    mutants: ['swallow-empty-lines'],
    async run({ exchange, expect }) {
      const answers = await exchange(['', 'end'])
      expect(answers[0] === '', 'an empty line', 'another line')
    },
  }),
  check({
    ...common,
    id: 'line/echo/order',
    title: 'answers lines in the order of their arrival',
    mutants: ['swallow-empty-lines'],
    needs: ['line.echo'],
    variants: ['whole', 'bytewise'],
    after: ['line/echo/empty'],
    async run({ exchange, expect }) {
      const answers = await exchange(['one', 'two', 'three'])
      expect(answers.join() === 'one,two,three', 'the lines in order', answers.join())
    },
  }),
  check({
    ...common,
    id: 'line/echo/binary',
    title: 'answers bytes that are no text',
    mutants: ['swallow-empty-lines'],
    needs: ['line.binary'],
    run: () => Promise.reject(new Error('it does not apply')),
  }),
]

const clientChecks = [
  check({
    ...common,
    id: 'line/client/greets',
    title: 'sends a greeting when it has connected',
    mutants: ['silent-client'],
    async run({ serve, expect }) {
      const { first } = await serve('welcome')
      expect(first === 'hello', 'the line hello', first)
    },
  }),
  check({
    ...common,
    id: 'line/client/thanks',
    title: 'repeats what the server says',
    mutants: ['silent-client'],
    async run({ serve, expect }) {
      const { second } = await serve('take this')
      expect(second === 'take this', 'the line of the server', second)
    },
  }),
]

const catalogue: Catalogue<LineKit> = {
  checks: assemble<LineKit>(
    [
      { path: 'servers.ts', exports: { section: servers, serverChecks } },
      { path: 'clients.ts', exports: { section: clients, clientChecks } },
    ],
    declaredChecks().slice(before),
    [lineProtocol],
  ),
  expectations: [],
}

/** A tool for this protocol alone, with the commands, the pipeline and the reports of Streamproof. */
export const lineProduct: Product = {
  protocols: [lineProtocol],
  registry: { protocols: [lineProtocol], openKit: openLineKit },
  loadCatalogue: () => Promise.resolve(catalogue),
  startReference: null,
}
