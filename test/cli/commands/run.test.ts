import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { reportSchema } from '#model/result'
import { startReference } from '#reference/start'
import type { Reference } from '#reference/start'
import { loadCatalogue } from '#suites/index'
import { streamproof } from '../support/in-process.ts'
import { temporaryFolder } from '../support/temporary.ts'

/** A few fast checks. */
const few = ['--only', 'both/connection/**,ws/control/ping-over-125,sse/response/*']

describe('cli: run', function () {
  this.timeout(60_000)
  let server: Reference
  /** A few checks of one protocol: discovery of an event stream takes its time. */
  let quick: readonly string[]

  before(async () => {
    server = await startReference()
    quick = ['run', server.ws.href, '--only', 'ws/control/*-over-125']
  })

  after(() => server.close())

  it('prints only the result on stdout, writes four files and exits with 0', async () => {
    using folder = temporaryFolder()
    const { status, out, err } = await streamproof(['run', ...few], folder.path)
    expect(status, err).to.equal(0)
    expect(out).to.match(/checks: \d+ pass/)
    expect(out).not.to.include('streamproof: ')
    for (const line of err.trim().split('\n')) expect(line).to.match(/^streamproof: /)
    const reports = join(folder.path, 'streamproof-report')
    expect(readdirSync(reports).toSorted()).to.deep.equal([
      'index.html',
      'junit.xml',
      'report.json',
      'report.md',
    ])
    const report = reportSchema.parse(JSON.parse(readFileSync(join(reports, 'report.json'), 'utf8')))
    expect(report.targets.map(({ url }) => url)).to.deep.equal(['reference', 'reference'])
    expect(report.run.exitCode).to.equal(0)
    expect(err).to.include(`seed ${report.run.seed}`)
  })

  it('writes only the reports that --report names', async () => {
    using folder = temporaryFolder()
    const words = [...quick, '--report', 'json=-', '--report', 'junit=deep/down/results.xml', '--quiet']
    const { status, out, err } = await streamproof(words, folder.path)
    expect(status, err).to.equal(0)
    expect(err).to.equal('')
    expect(reportSchema.parse(JSON.parse(out)).summary.pass).to.be.greaterThan(0)
    expect(readFileSync(join(folder.path, 'deep', 'down', 'results.xml'), 'utf8')).to.match(/^<\?xml/)
    expect(readdirSync(folder.path)).to.deep.equal(['deep'])
  })

  it('colours the result if --color says so, and never a file', async () => {
    using folder = temporaryFolder()
    const words = [...quick, '--color', 'always', '--report', 'terminal,terminal=copy.txt,markdown']
    const { out } = await streamproof(words, folder.path)
    expect(out).to.include('\u001b[')
    expect(readFileSync(join(folder.path, 'copy.txt'), 'utf8')).not.to.include('\u001b')
    const plain = await streamproof([...quick, '--ascii'], folder.path, { NO_COLOR: '1' })
    // oxlint-disable-next-line no-control-regex -- that is what ASCII is
    expect(plain.out).to.match(/^[\n\u0020-\u007e]*$/)
  })

  it('has the same results twice with one seed, apart from times and measurements', async () => {
    using folder = temporaryFolder()
    const once = async (): Promise<unknown> => {
      const { out } = await streamproof(
        [...quick, '--seed', '7', '--report', 'json=-', '--quiet'],
        folder.path,
      )
      const { run: _, results, expectations, ...rest } = reportSchema.parse(JSON.parse(out))
      return {
        ...rest,
        expectations: expectations.map(({ summary: _summary, ...one }) => one),
        results: results.map(({ measured: _m, transcript: _t, durationMs: _d, faults, ...one }) => ({
          ...one,
          faults: faults.map(({ log: _log, ...fault }) => fault),
        })),
      }
    }
    expect(await once()).to.deep.equal(await once())
  })

  for (const [gate, status] of [
    ['must', 1],
    ['never', 0],
  ] as const) {
    it(`prints the command that repeats a failure, and exits with ${status} at --fail-on ${gate}`, async () => {
      using folder = temporaryFolder()
      await using broken = await startReference({ mutant: 'accept-long-ping', sse: false })
      const words = [
        'run',
        broken.ws.href,
        '--only',
        'ws/control/ping-over-125',
        '--fail-on',
        gate,
        '--timeout-scale',
        '0.3',
      ]
      const result = await streamproof(words, folder.path)
      expect(result.status, result.err).to.equal(status)
      expect(result.out.replaceAll(/ \\\n +/g, ' ')).to.include(
        `streamproof run --ws ${broken.ws.href} --timeout-scale 0.3 --only ws/control/ping-over-125 --seed`,
      )
    })
  }

  it('exits with 2 if no MUST check passed or failed', async () => {
    using folder = temporaryFolder()
    await using server = await startReference({ variant: 'pushing', ws: false })
    const words = ['run', server.http.href, '--only', 'sse/payload/*', '--timeout-scale', '0.3', '--quiet']
    expect((await streamproof(words, folder.path)).status).to.equal(2)
  })

  it('ends at the time limit of --max-time, says so, and reports the checks that were judged', async () => {
    using folder = temporaryFolder()
    const words = ['run', '--max-time', '500ms', '--jobs', '1', '--quiet']
    const { status, out } = await streamproof([...words, '--report', 'json=-,terminal=copy.txt'], folder.path)
    const { run, summary } = reportSchema.parse(JSON.parse(out))
    expect(run.findings).to.include('the time limit (--max-time) was reached before every check was judged')
    const copy = readFileSync(join(folder.path, 'copy.txt'), 'utf8')
    expect(copy).to.include('time limit reached: --max-time ended the run')
    expect(copy).not.to.include('interrupted')
    expect(run.complete).to.equal(false)
    expect(summary.total).to.be.lessThan((await loadCatalogue()).checks.length)
    expect(status).to.equal(run.exitCode)
  })

  it('waits for a target that starts later', async () => {
    using folder = temporaryFolder()
    const first = await startReference()
    const port = Number(first.ws.port)
    await first.close()
    const running = streamproof(
      ['run', `ws://127.0.0.1:${port}/`, ...few, '--wait', '20s', '--quiet'],
      folder.path,
    )
    await using late = await startReference({ host: '127.0.0.1', ports: { plain: port } })
    expect(late.ws.port).to.equal(String(port))
    expect((await running).status).to.equal(0)
  })
})
