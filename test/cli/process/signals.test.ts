import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { reportSchema } from '#model/result'
import type { Report } from '#model/result'
import { startReference } from '#reference/start'
import type { Reference } from '#reference/start'
import { foreignProxy, sharedEngine } from '../support/shared-engine.ts'
import { Spawned } from '../support/spawned.ts'
import { temporaryFolder } from '../support/temporary.ts'

function reportIn(folder: string): Report {
  return reportSchema.parse(
    JSON.parse(readFileSync(join(folder, 'streamproof-report', 'report.json'), 'utf8')),
  )
}

const usualFiles = ['index.html', 'junit.xml', 'report.json', 'report.md']

describe('cli: signals and closed pipes', function () {
  this.timeout(60_000)
  let reference: Reference
  /** Slow enough that the signal arrives during the run. */
  let slowly: readonly string[]

  before(async () => {
    reference = await startReference()
    slowly = ['run', reference.ws.href, '--jobs', '1']
  })

  after(() => reference.close())

  // On Windows a process cannot handle these signals.
  before(function () {
    if (process.platform === 'win32') this.skip()
  })

  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    it(`${signal}: removes the proxies, writes a partial report and exits with ${status}`, async () => {
      using folder = temporaryFolder()
      await using engine = await sharedEngine()
      await using run = new Spawned([...slowly, '--proxy', engine.url], folder.path)
      await run.printed(/checks: \d+ applicable/)
      run.child.kill(signal)
      expect(await run.ends(), run.err).to.equal(status)
      const { complete, exitCode } = reportIn(folder.path).run
      expect({ complete, exitCode }).to.deep.equal({ complete: false, exitCode: status })
      expect(readdirSync(join(folder.path, 'streamproof-report')).toSorted()).to.deep.equal(usualFiles)
      expect(run.err).to.include(
        `streamproof: received ${signal}: removing the proxies and writing a partial report`,
      )
      expect(await engine.names()).to.deep.equal([foreignProxy])
    })
  }

  it('a second signal exits at once, without half-written files', async () => {
    using folder = temporaryFolder()
    await using run = new Spawned(slowly, folder.path)
    await run.printed(/checks: \d+ applicable/)
    run.child.kill('SIGINT')
    await run.printed(/send it again to exit immediately/)
    run.child.kill('SIGINT')
    expect(await run.ends()).to.equal(130)
    const found = readdirSync(folder.path, { recursive: true })
    const whole = ['streamproof-report', ...usualFiles.map((name) => join('streamproof-report', name))]
    expect(found.filter((name) => !whole.includes(String(name)))).to.deep.equal([])
  })

  it('a signal before the first check exits with its status and without a report', async () => {
    using folder = temporaryFolder()
    await using run = new Spawned(['run', 'ws://127.0.0.1:9/', '--wait', '1m'], folder.path)
    await run.printed(/waiting/)
    run.child.kill('SIGTERM')
    expect(await run.ends(), run.err).to.equal(143)
    expect(readdirSync(folder.path)).to.deep.equal([])
  })

  it('writes the files if the reader of stdout exits', async () => {
    using folder = temporaryFolder()
    await using run = new Spawned(['run', reference.ws.href, '--only', 'ws/control/*'], folder.path)
    run.child.stdout.destroy()
    expect(await run.ends(), run.err).to.equal(reportIn(folder.path).run.exitCode)
    expect(readdirSync(join(folder.path, 'streamproof-report')).toSorted()).to.deep.equal(usualFiles)
    expect(run.err).not.to.match(/EPIPE|\bat .*:\d+:\d+/)
  })

  for (const command of ['target', 'proxy']) {
    it(`${command}: serves until a signal arrives`, async () => {
      using folder = temporaryFolder()
      await using serving = new Spawned([command, '--port', '0'], folder.path)
      await serving.printed(/https?:\/\/\S+:\d+/)
      serving.child.kill('SIGINT')
      expect(await serving.ends(), serving.err).to.equal(130)
    })
  }
})
