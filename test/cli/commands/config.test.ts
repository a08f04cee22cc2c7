import { expect } from 'chai'
import { streamproof } from '../support/in-process.ts'
import { temporaryFolder } from '../support/temporary.ts'

describe('cli: config', () => {
  it('prints each value and its source', async () => {
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
})
