import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { reportSchema } from '#model/result'
import { openRun } from '#run/open-run'
import { select } from '#run/select/select'
import { resolveTargetsOf } from '#target/contract/contract'
import { contractRedactor } from '#target/secrets/redactor'
import type { Report } from '#model/result'
import { formats } from '#reports/index'
import { streamproof } from '../cli/support/in-process.ts'
import type { CommandResult } from '../cli/support/in-process.ts'
import { temporaryFolder } from '../cli/support/temporary.ts'
import { lineProduct } from './line-protocol.ts'
import { startLineServer } from './line-server.ts'

const client = fileURLToPath(new URL('line-client.mjs', import.meta.url))

interface Run extends CommandResult {
  readonly report: Report
  /** What every format makes of the report, by its name. */
  readonly written: Readonly<Record<string, string>>
}

/** Runs the tool for lines as the command line does, and reads what it wrote. */
async function run(words: readonly string[]): Promise<Run> {
  using folder = temporaryFolder()
  const result = await streamproof(['run', ...words, '--out', 'out'], folder.path, {}, lineProduct)
  const report = reportSchema.parse(JSON.parse(readFileSync(join(folder.path, 'out/report.json'), 'utf8')))
  const written = Object.fromEntries(
    Object.entries(formats).map(([format, write]) => [format, write(report)] as const),
  )
  return { ...result, report, written }
}

const verdicts = ({ results }: Report): Record<string, string> =>
  Object.fromEntries(results.map(({ id, verdict }) => [id, verdict]))

/** A protocol is data: this one goes through every step that WebSocket and event streams go through. */
describe('a protocol that only this folder knows', () => {
  it('has its checks listed, every variant by an id of its own', async () => {
    using folder = temporaryFolder()
    const { status, out } = await streamproof(['list'], folder.path, {}, lineProduct)
    expect(status).to.equal(0)
    const ids = [...out.matchAll(/^ {2}(line\/\S+)/gm)].map(([, id]) => id)
    expect(ids).to.deep.equal([
      'line/echo/empty',
      'line/echo/order@whole',
      'line/echo/order@bytewise',
      'line/echo/binary',
      'line/client/greets',
      'line/client/thanks',
    ])
  })

  it('has its options in help, and its capabilities explained', async () => {
    using folder = temporaryFolder()
    const help = await streamproof(['run', '--help'], folder.path, {}, lineProduct)
    expect(help.out).to.match(/--line <url> +line server to test/)
    expect(help.out).to.match(/urls +line server \(line: or lines:\); at most one\s+of\s+each/)
    expect(help.out).not.to.match(/--sse|WebSocket|event stream/)
    const explained = await streamproof(['explain', 'line/echo/binary'], folder.path, {}, lineProduct)
    expect(explained.out).to.match(/needs +line\.binary: bytes that are no text come back/)
  })

  it('refuses URLs of the protocols that it does not know', async () => {
    using folder = temporaryFolder()
    const { status, err } = await streamproof(['run', 'ws://h/'], folder.path, {}, lineProduct)
    expect({ status, err }).to.deep.equal({
      status: 2,
      err: 'streamproof: ws: URLs cannot be tested; give a URL that begins with line:// or lines:// for a line service\n',
    })
  })

  it('has a server judged, and shown in every report', async () => {
    await using server = await startLineServer()
    const { status, report, written } = await run([server.url])
    expect(status).to.equal(0)
    expect(verdicts(report)).to.deep.equal({
      'line/echo/empty': 'pass',
      'line/echo/order@whole': 'pass',
      'line/echo/order@bytewise': 'pass',
      'line/echo/binary': 'not-applicable',
    })
    expect(report.targets.map(({ role, protocol }) => [role, protocol])).to.deep.equal([['server', 'line']])
    expect(report.results[3]).to.include({ enable: 'a target that answers bytes', protocol: 'line' })
    expect(Object.keys(written)).to.have.length(5)
    for (const [format, text] of Object.entries(written)) {
      expect(text, format).to.include(format === 'json' || format === 'junit' ? 'line' : 'Line Echo')
      expect(text, format).not.to.match(/WebSocket|Server-Sent/)
    }
  })

  it('has its broken server found out', async () => {
    await using server = await startLineServer('swallow-empty-lines')
    const { status, report } = await run([server.url])
    expect(status).to.equal(1)
    expect(verdicts(report)).to.deep.equal({
      'line/echo/empty': 'fail',
      'line/echo/order@whole': 'blocked',
      'line/echo/order@bytewise': 'blocked',
      'line/echo/binary': 'not-applicable',
    })
    expect(report.results[1]?.cause).to.equal('line/echo/empty')
  })
})

describe('a target in the role of a client', () => {
  it('is started by each check, judged, and shown in every report', async () => {
    const { status, report, written } = await run([
      '--line-client',
      process.execPath,
      '--line-client',
      client,
    ])
    expect(status).to.equal(0)
    expect(verdicts(report)).to.deep.equal({ 'line/client/greets': 'pass', 'line/client/thanks': 'pass' })
    expect(report.results.map(({ role }) => role)).to.deep.equal(['client', 'client'])
    expect(report.targets).to.deep.equal([
      { role: 'client', protocol: 'line', url: `${process.execPath} ${client}`, capabilities: {} },
    ])
    for (const [format, text] of Object.entries(written)) expect(text, format).to.include('line-client.mjs')
  })

  it('may be declared to have a capability, as a server may', () => {
    const contract = { lineClient: [process.execPath], expects: ['line.echo'] }
    const targets = resolveTargetsOf(lineProduct.protocols, contract)
    expect(targets.map(({ role }) => role)).to.deep.equal(['client'])
  })

  it('fails where it does not say what it has to', async () => {
    const words = [process.execPath, client, '--rude'].flatMap((word) => ['--line-client', word])
    const { status, report } = await run(words)
    expect(status).to.equal(1)
    expect(verdicts(report)).to.deep.equal({ 'line/client/greets': 'fail', 'line/client/thanks': 'pass' })
  })
})

describe('several targets of one protocol', () => {
  it('are a server and a client, each judged by the checks of its role', async () => {
    await using server = await startLineServer()
    const { report } = await run([server.url, '--line-client', process.execPath, '--line-client', client])
    expect(report.targets.map(({ role }) => role)).to.deep.equal(['server', 'client'])
    expect(report.results.map(({ id, target }) => [id, target])).to.deep.equal([
      ['line/echo/empty', 0],
      ['line/echo/order@whole', 0],
      ['line/echo/order@bytewise', 0],
      ['line/echo/binary', 0],
      ['line/client/greets', 1],
      ['line/client/thanks', 1],
    ])
  })

  it('are two servers, of which only the broken one is blamed', async () => {
    await using broken = await startLineServer('swallow-empty-lines')
    await using sound = await startLineServer()
    const { protocols, registry } = lineProduct
    const run = await openRun(
      { registry, catalogue: select(await lineProduct.loadCatalogue(), { topic: ['protocol'] }) },
      {
        targets: [broken, sound].flatMap(({ url }) => resolveTargetsOf(protocols, { line: url })),
        redactor: contractRedactor(protocols, {}),
        command: 'streamproof run',
        proxy: { choice: 'embedded' },
      },
    )
    const { results, run: outcome } = await run.run()
    await run.close()
    expect(outcome.exitCode).to.equal(1)
    const judged = results.filter(({ verdict }) => verdict !== 'not-applicable')
    expect(judged.map(({ id, target, verdict }) => `${id} ${target} ${verdict}`)).to.deep.equal([
      'line/echo/empty 0 fail',
      'line/echo/empty 1 pass',
      'line/echo/order@whole 0 blocked',
      'line/echo/order@whole 1 pass',
      'line/echo/order@bytewise 0 blocked',
      'line/echo/order@bytewise 1 pass',
    ])
  })
})
