import { expect } from 'chai'
import { startReference } from '#reference/start'
import { Spawned } from './support/spawned.ts'
import { temporaryFolder } from './support/temporary.ts'

describe('cli: warnings of Node', function () {
  this.timeout(60_000)

  it('are not printed if a target sets a reconnection time that is too long for a timer', async () => {
    await using target = await startReference({ mutant: 'retry-absurd' })
    using folder = temporaryFolder()
    const words = ['run', '--sse', target.http.href, '--publish-url', target.publish.href]
    const only = ['--timeout-scale', '0.2', '--only', 'sse/reconnection/eventsource-returns']
    await using run = new Spawned([...words, ...only], folder.path)
    expect(await run.ends(), run.err).to.equal(2)
    const lines = run.err.split('\n').filter((line) => line !== '')
    expect(lines.filter((line) => !line.startsWith('streamproof: '))).to.deep.equal([])
    expect(run.out.replaceAll(/\s+/g, ' ')).to.include(
      'out-of-time: the reconnection time that the server set is longer than this check may take',
    )
  })
})
