import { expect } from 'chai'

import { linkDown } from '#proxies/faults'
import type { OutageTrace } from '#proxies/types'

describe('proof of the fault link-down, from a trace', () => {
  it('requires an open connection that ended, refused attempts, and one accepted afterwards', () => {
    const fault = linkDown({ ms: 50 })
    const refused = { fromMs: 0, toMs: 1, outcome: 'refused' } as const
    const last = { ...refused, fromMs: 51, toMs: 52 }
    const complete: OutageTrace = {
      wasOpen: true,
      ended: true,
      attempts: [refused, last],
      afterRestore: 'accepted',
    }
    const proofWith = (changes: Partial<OutageTrace>): string => {
      const { proven, summary } = fault.prove({ ...complete, ...changes })
      expect(summary).to.not.match(/\d/)
      return `${proven} ${summary}`
    }
    expect(proofWith({}).startsWith('true')).to.equal(true)
    expect(fault.prove(complete)).to.deep.include({ figures: { downMs: 50, refused: 2 } })
    expect([
      proofWith({ wasOpen: false }),
      proofWith({ ended: false }),
      proofWith({ attempts: [refused, { ...last, outcome: 'accepted' }] }),
      proofWith({ attempts: [] }),
      proofWith({ attempts: [refused, { ...last, outcome: 'failed' }] }),
      proofWith({ attempts: [refused, { ...last, fromMs: 40 }] }),
      proofWith({ attempts: [refused] }),
      proofWith({ afterRestore: 'refused' }),
      proofWith({ afterRestore: 'failed' }),
      proofWith({ afterRestore: null }),
    ]).to.deep.equal([
      'false no connection was open that the proxy could have ended',
      'false the proxy did not end the connection when the link went down',
      'false the proxy accepted a connection while the link was down',
      'false no new connection was refused',
      'false no new connection was refused',
      'false the link was not observed to be down for the whole duration of the fault',
      'false the link was not observed to be down for the whole duration of the fault',
      'false the proxy accepted no connection after the link came up again',
      'false the proxy accepted no connection after the link came up again',
      'false the proxy accepted no connection after the link came up again',
    ])
  })
  it('rejects a negative duration with a RangeError', () => {
    expect(() => linkDown({ ms: -1 })).to.throw(RangeError)
  })
})
