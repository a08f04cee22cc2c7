import { expect } from 'chai'
import { SetupError, UsageError, checks, run } from '../index.ts'
import { startReference } from '#reference/start'
import { Spawned } from './cli/support/spawned.ts'
import { engineOnDemand } from '#proxies/driver/engine-on-demand'

describe('the library', () => {
  it('returns the checks of a target, each with a function that any runner takes', async () => {
    await using reference = await startReference({ ws: false })
    const list = await checks(
      { sse: reference.http.href },
      { only: ['sse/response/*', 'sse/resume/cut-in-id'] },
    )
    const status = list.find(({ id }) => id === 'sse/response/status-200')
    expect(status).to.include({ skip: null, level: 'MUST' })
    expect(status?.run.length, 'mocha would take it for a function with a callback').to.equal(0)
    await status?.run()
    const resume = list.find(({ id }) => id === 'sse/resume/cut-in-id')
    expect(resume?.skip).to.match(/^needs sse\.events: /)
  })

  it('rejects if a required check fails, with expected and actual', async () => {
    await using reference = await startReference({ ws: false, mutant: 'status-201' })
    await expectRejection(checks({ sse: reference.http.href }), SetupError)
    await using other = await startReference({ sse: false, mutant: 'accept-unmasked' })
    const [check] = await checks({ ws: other.ws.href }, { only: ['ws/masking/unmasked-ping'] })
    expect(check?.skip).to.equal(null)
    const error = await expectRejection(check?.run() ?? Promise.resolve(), Error)
    expect(error.message).to.contain('the target answered the Ping with its Pong')
  })

  it('leaves nothing open: a program that ran a check under a fault exits', async () => {
    await using reference = await startReference({ sse: false })
    const program = `import { checks } from ${JSON.stringify(new URL('../index.ts', import.meta.url).href)}
      const only = ['ws/faults/answers-under-latency-server-to-client']
      for (const { id, skip, run } of await checks({ ws: process.argv[1] }, { only, proxy: 'embedded' })) {
        await run()
        console.log(id, skip)
      }`
    const words = ['--import', import.meta.resolve('tsx/esm'), '--input-type=module', '-e', program]
    await using running = new Spawned([reference.ws.href], process.cwd(), {}, words)
    expect(await running.ends(), running.err).to.equal(0)
    expect(running.out).to.equal('ws/faults/answers-under-latency-server-to-client null\n')
  }).timeout(30_000)

  it('returns the report of a run', async () => {
    await using reference = await startReference({ sse: false })
    const seen: string[] = []
    const report = await run(
      { ws: reference.ws.href },
      { only: ['ws/masking/*'], seed: 7 },
      { reported: ({ id }) => seen.push(id) },
    )
    expect(report.summary.fail).to.equal(0)
    expect(report.run).to.include({ seed: 7, exitCode: 0, complete: true })
    expect(report.results.map(({ id }) => id)).to.deep.equal(seen)
  })

  it('rejects a contract that is wrong', async () => {
    await expectRejection(run({}), UsageError)
    await expectRejection(checks({ ws: 'http://127.0.0.1:1/' }), UsageError)
  })
})

describe('an engine on demand', () => {
  const upstream = { host: '127.0.0.1', port: 9 }

  it('runs while a proxy is open, and ends with the last one', async () => {
    const engine = engineOnDemand({ choice: 'embedded', runId: 'on-demand' })
    const [one, other] = await Promise.all([engine.open(upstream), engine.open(upstream)])
    const { api } = engine
    await one.close()
    expect((await fetch(`${api}/version`)).status).to.equal(200)
    await Promise.all([other.close(), other.close()])
    await expectRejection(fetch(`${api}/version`), TypeError)
  })

  it('starts again for a later proxy', async () => {
    const engine = engineOnDemand({ choice: 'embedded', runId: 'on-demand' })
    await (await engine.open(upstream)).close()
    const again = await engine.open(upstream)
    expect((await fetch(`${engine.api}/version`)).status).to.equal(200)
    await again.close()
  })

  it('rejects every time it cannot be started', async () => {
    const engine = engineOnDemand({ choice: 'http://127.0.0.1:9', runId: 'on-demand' })
    for (const _turn of [1, 2]) await expectRejection(engine.open(upstream), Error)
  })
})

async function expectRejection<T extends Error>(
  promise: Promise<unknown>,
  kind: abstract new (...words: never[]) => T,
): Promise<T> {
  const error = await promise.then(
    () => new TypeError('it did not reject'),
    (reason: unknown) => reason,
  )
  expect(error).to.be.instanceOf(kind)
  return error as T
}
