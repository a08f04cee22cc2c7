import { existsSync } from 'node:fs'
import { expect } from 'chai'
import { reportSchema } from '#model/result'
import { mutants } from '#reference/mutants'
import { streamproof } from '../support/in-process.ts'
import { Spawned } from '../support/spawned.ts'
import { temporaryFolder } from '../support/temporary.ts'

describe('cli: target', function () {
  this.timeout(30_000)

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

  it('can be tested over TLS with the certificate authority that it prints, and removes its file on exit', async () => {
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
})
