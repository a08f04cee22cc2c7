import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { reportSchema } from '#model/result'
import { mutants } from '#reference/mutants'
import { startReference } from '#reference/start'
import type { Reference } from '#reference/start'
import { loadCatalogue } from '#suites/index'
import { Upstream, Wire } from '../proxies/wire.ts'
import { streamproof } from './in-process.ts'
import { Spawned } from './spawned.ts'
import { temporaryFolder } from './temporary.ts'

/** A few fast checks. */
const few = ['--only', 'both/connection/**,ws/control/ping-over-125,sse/response/*']

/** Which of 20 connections a toxic of toxicity 0.5 affected, at the engine with this URL. */
async function drawn(url: string): Promise<string> {
  const upstream = await Upstream.open((wire) => wire.send('hello'))
  const toxics = [{ type: 'limit_data', toxicity: 0.5, attributes: { bytes: 1 } }]
  const body = {
    name: 'p',
    listen: '127.0.0.1:0',
    upstream: `127.0.0.1:${upstream.port}`,
    streamproof: { toxics },
  }
  const made = await fetch(`${url}/proxies`, { method: 'POST', body: JSON.stringify(body) })
  const { listen } = (await made.json()) as { readonly listen: string }
  let struck = ''
  for (let count = 0; count < 20; count++) {
    const client = await Wire.connect(Number(listen.split(':').at(-1)))
    await client.got(5).catch(() => null)
    struck += client.length === 5 ? '-' : 'x'
    client.socket.destroy()
  }
  await upstream.close()
  return struck
}

describe('cli: list and explain', () => {
  it('lists every section once, with every check of it in the order of the catalogue', async () => {
    using folder = temporaryFolder()
    const { status, out, err } = await streamproof(['list'], folder.path)
    expect({ status, err }).to.deep.equal({ status: 0, err: '' })
    const { checks } = await loadCatalogue()
    const titles = [...new Set(checks.map(({ section }) => section.title))]
    const expected = titles.map((title) => ({
      title,
      ids: checks.filter(({ section }) => section.title === title).map(({ id }) => id),
    }))
    const listed = out
      .split('\n\n')
      .slice(0, -1)
      .map((part) => part.split('\n'))
      .map(([title, ...lines]) => ({ title, ids: lines.map((line) => line.trim().split(' ')[0]) }))
    expect(listed).to.deep.equal(expected)
  })

  it('lists the checks that are selected by level, clause and id', async () => {
    using folder = temporaryFolder()
    const words = [
      'list',
      '--json',
      '--level',
      'must',
      '--clause',
      'rfc6455/5.5',
      '--skip',
      'ws/control/*-fragmented',
    ]
    const { out } = await streamproof(words, folder.path)
    const { checks } = JSON.parse(out) as {
      checks: readonly { id: string; level: string; clause: { section: string } }[]
    }
    expect(checks).not.to.have.length(0)
    for (const { id, level, clause } of checks) {
      expect(level).to.equal('MUST')
      expect(clause.section).to.match(/^5\.5(\.|$)/)
      expect(id).not.to.match(/-fragmented$/)
    }
  })

  it('adds up the expected duration of exclusive checks', async () => {
    using folder = temporaryFolder()
    const { out } = await streamproof(['list', '--json'], folder.path)
    const { exclusive, checks } = JSON.parse(out) as {
      exclusive: { checks: number; expectedDurationMs: number }
      checks: readonly { exclusive: string | null; expectedDurationMs: number | null }[]
    }
    const alone = checks.filter((check) => check.exclusive !== null)
    expect(exclusive.checks).to.equal(alone.length)
    expect(exclusive.expectedDurationMs).to.equal(
      alone.reduce((sum, { expectedDurationMs }) => sum + (expectedDurationMs ?? Number.NaN), 0),
    )
  })

  it('explains each check, with the mutants that it fails on', async () => {
    using folder = temporaryFolder()
    for (const { id, title, mutants: named } of (await loadCatalogue()).checks) {
      const { status, out } = await streamproof(['explain', id], folder.path)
      expect(status).to.equal(0)
      expect(out).to.include(title)
      for (const name of named) expect(out).to.include(name)
    }
  })
})

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

describe('cli: doctor, config, target and proxy', function () {
  this.timeout(30_000)

  it('doctor: prints that the reference server and the engine work', async () => {
    using folder = temporaryFolder()
    const { status, out, err } = await streamproof(['doctor'], folder.path)
    expect(status, err).to.equal(0)
    expect(out).to.match(/^ok {2}proxy engine: embedded .* forwarded a connection and cut it$/m)
    expect(out).to.match(/ok {2}ws\.echo is present: /)
    expect(out).to.match(/ok {2}sse\.resume is present: /)
    expect(out).not.to.match(/^\s*!!/m)
  })

  it('doctor: prints the problem of a target, and exits with 3', async () => {
    using folder = temporaryFolder()
    await using server = await startReference()
    const { status, out } = await streamproof(
      ['doctor', server.wss.href, 'http://nobody.invalid/', '--timeout-scale', '0.3'],
      folder.path,
    )
    expect(status).to.equal(3)
    expect(out).to.match(/^!! {2}websocket TLS: .*add its certificate authority with --ca FILE/m)
    expect(out).to.match(/^!! {2}sse DNS: cannot resolve nobody\.invalid/m)
  })

  it('config --print: prints each value and its source', async () => {
    using folder = temporaryFolder({ 'streamproof.config.json': '{"jobs": 4, "ws": "ws://file/"}' })
    const { status, out } = await streamproof(['config', '--print', '--quiet'], folder.path, {
      STREAMPROOF_SEED: '9',
    })
    expect(status).to.equal(0)
    const rows = out.split('\n').map((line) => line.split(/\s{2,}/))
    expect(rows).to.deep.include(['jobs', '4', 'streamproof.config.json'])
    expect(rows).to.deep.include(['seed', '9', 'STREAMPROOF_SEED'])
    expect(rows).to.deep.include(['quiet', 'true', '--quiet'])
    expect(rows).to.deep.include(['timeoutScale', '1', 'default'])
  })

  it('target --list-mutants: names every mutant', async () => {
    using folder = temporaryFolder()
    const { out } = await streamproof(['target', '--list-mutants'], folder.path)
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0]),
    ).to.deep.equal(mutants.map(({ name }) => name))
  })

  it('target: can be tested over TLS with the certificate authority that it prints, and removes its file on exit', async () => {
    using folder = temporaryFolder()
    await using serving = new Spawned(['target', '--mutant', 'accept-long-ping', '--json'], folder.path)
    await serving.printed(/\}\n/)
    const { wss, ca, mutant } = JSON.parse(serving.out) as { wss: string; ca: string; mutant: string }
    expect(mutant).to.equal('accept-long-ping')
    const words = [
      'run',
      wss,
      '--ca',
      ca,
      '--only',
      'ws/control/p*-over-125',
      '--timeout-scale',
      '0.3',
      '--report',
      'json=-',
      '--quiet',
    ]
    const result = await streamproof(words, folder.path)
    expect(result.status, result.err).to.equal(1)
    const { results } = reportSchema.parse(JSON.parse(result.out))
    expect(results.map(({ id, verdict }) => [id, verdict])).to.deep.equal([
      ['ws/control/ping-over-125', 'fail'],
      ['ws/control/pong-over-125', 'pass'],
    ])
    serving.child.kill('SIGTERM')
    await serving.ends()
    expect(existsSync(ca)).to.equal(false)
  })

  it('proxy: accepts the flags of toxiproxy-server, with one dash or two', async () => {
    const proxies = '[{"name": "one", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:9"}]'
    using folder = temporaryFolder({ 'toxiproxy.json': proxies })
    const words = [
      'proxy',
      '-host',
      '127.0.0.1',
      '-port=0',
      '-config',
      'toxiproxy.json',
      '--seed',
      '3',
      '-proxy-metrics',
      '--runtime-metrics',
    ]
    await using serving = new Spawned(words, folder.path)
    await serving.printed(/http:\/\/127\.0\.0\.1:\d+/)
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(serving.out)?.[0] ?? ''
    expect(Object.keys((await (await fetch(`${url}/proxies`)).json()) as object)).to.deep.equal(['one'])
    const metrics = await (await fetch(`${url}/metrics`)).text()
    expect(metrics).to.match(/^process_resident_memory_bytes /m)
    expect((await streamproof(['proxy', '-version'], folder.path)).out).to.match(/\d+\.\d+\.\d+\n$/)
  })

  it('proxy: accepts a boolean value for a switch, as Go does', async () => {
    using folder = temporaryFolder()
    const none = ['-proxy-metrics=false', '--runtime-metrics=0']
    for (const [words, status] of [
      [none, 404],
      [['-proxy-metrics=true', ...none.slice(1)], 200],
      [['--runtime-metrics=T'], 200],
    ] as const) {
      await using serving = new Spawned(['proxy', '-host=127.0.0.1', '-port=0', ...words], folder.path)
      await serving.printed(/http:\/\/127\.0\.0\.1:\d+/)
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(serving.out)?.[0] ?? ''
      expect((await fetch(`${url}/metrics`)).status, words.join(' ')).to.equal(status)
    }
    for (const value of ['maybe', 'tRuE', 'constructor']) {
      const { status, lines } = await streamproof(['proxy', `-proxy-metrics=${value}`], folder.path)
      expect([status, lines.length], value).to.deep.equal([2, 1])
    }
  })

  it('proxy: repeats its random decisions with the same seed only', async () => {
    const struck = async (seed: string): Promise<string> => {
      using folder = temporaryFolder()
      await using serving = new Spawned(['proxy', '-host=127.0.0.1', '-port=0', '-seed', seed], folder.path)
      await serving.printed(/http:\/\/127\.0\.0\.1:\d+/)
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(serving.out)?.[0] ?? ''
      return await drawn(url)
    }
    const first = await struck('1')
    expect(await struck('1')).to.equal(first)
    expect(await struck('2')).to.not.equal(first)
  })

  it('proxy: prints one line and exits with 3 if the port is in use', async () => {
    using folder = temporaryFolder()
    await using server = await startReference()
    const { status, lines } = await streamproof(
      ['proxy', '--host', '127.0.0.1', '--port', server.ws.port],
      folder.path,
    )
    expect(status).to.equal(3)
    expect(lines).to.have.length(1)
  })
})
