import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { startReference } from '#reference/start'
import { freePort } from './support/bad-servers.ts'
import { Spawned } from './support/spawned.ts'

const top = fileURLToPath(new URL('../../', import.meta.url))
const mocha = [fileURLToPath(new URL('../../node_modules/mocha/bin/mocha.js', import.meta.url))]

interface MochaResult {
  readonly status: number | NodeJS.Signals | null
  readonly err: string
  readonly passes: readonly string[]
  readonly failures: readonly string[]
  readonly pending: readonly string[]
}

/** `npx mocha` in the checkout. */
async function runMocha(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<MochaResult> {
  const run = new Spawned([...words, '--reporter', 'json'], top, env, mocha)
  const status = await run.ends()
  if (run.out === '') return { status, err: run.err, passes: [], failures: [], pending: [] }
  const found = JSON.parse(run.out) as Record<
    'passes' | 'failures' | 'pending',
    readonly { title: string; err: { message?: string } }[]
  >
  return {
    status,
    err: run.err,
    passes: found.passes.map(({ title }) => title),
    failures: found.failures.map(({ title, err }) => `${title}: ${err.message ?? ''}`),
    pending: found.pending.map(({ title }) => title),
  }
}

describe('cli/mocha: the catalogue as tests', function () {
  this.timeout(60_000)

  it('tests the reference server if STREAMPROOF_TARGET is not set, and says so', async () => {
    const { status, err, passes, failures } = await runMocha(['--grep', 'ws/control/p[io]ng-over-125'])
    expect(err).to.include('STREAMPROOF_TARGET is not set: testing the embedded reference server')
    expect(failures).to.deep.equal([])
    expect(passes).to.have.length(2)
    expect(status).to.equal(0)
  })

  it('tests the URLs in STREAMPROOF_TARGET: a failed test says what was expected', async () => {
    await using server = await startReference({ mutant: 'accept-long-ping' })
    const env = { STREAMPROOF_TARGET: server.ws.href, STREAMPROOF_TIMEOUT_SCALE: '0.3' }
    const { status, passes, failures } = await runMocha(['--grep', 'ws/control/p[io]ng-over-125'], env)
    expect(passes).to.have.length(1)
    expect(failures).to.have.length(1)
    expect(failures[0]).to.match(/^ws\/control\/ping-over-125: .*fail \(MUST, RFC6455 5\.5\): expected /)
    expect(status).to.equal(1)
  })

  it('reports checks that do not apply as pending, with the reason', async () => {
    await using server = await startReference({ variant: 'pushing' })
    const env = { STREAMPROOF_TARGET: server.ws.href }
    const { status, pending, failures } = await runMocha(['--grep', 'ws/fragmentation'], env)
    expect(failures).to.deep.equal([])
    expect(pending.join('\n')).to.match(/\(not applicable: needs ws\.echo: /)
    expect(status).to.equal(0)
  })

  it('exits with one line and status 3 if the target cannot be reached', async () => {
    const env = { STREAMPROOF_TARGET: `ws://127.0.0.1:${await freePort()}/` }
    const { status, err } = await runMocha([], env)
    expect(err).to.match(/^streamproof: .*refuses connections/m)
    expect(err).not.to.match(/^\s+at /m)
    expect(status).to.equal(3)
  })
})
