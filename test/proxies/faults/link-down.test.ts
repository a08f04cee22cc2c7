import { expect } from 'chai'

import { linkDown } from '#proxies/faults'
import type { OutageTrace } from '#proxies/types'

describe('a link that is down, from what was seen', () => {
  it('link down: each thing that has to be seen', () => {
    const fault = linkDown({ ms: 50 })
    const refused = { fromMs: 0, toMs: 1, outcome: 'refused' } as const
    const whole = {
      stood: true,
      ended: true,
      tries: [refused, { ...refused, fromMs: 51, toMs: 52 }],
      after: 'taken',
    } as const
    const without = (changes: Partial<OutageTrace>): string => {
      const { struck: isStruck, summary } = fault.prove({ ...whole, ...changes })
      expect(summary).to.not.match(/\d/)
      return `${isStruck} ${summary}`
    }
    expect(without({}).startsWith('true')).to.equal(true)
    expect(fault.prove(whole)).to.deep.include({ figures: { downMs: 50, refused: 2 } })
    expect([
      without({ stood: false }),
      without({ ended: false }),
      without({ tries: [refused, { ...whole.tries[1], outcome: 'taken' }] }),
      without({ tries: [] }),
      without({ tries: [refused, { ...whole.tries[1], outcome: 'failed' }] }),
      without({ tries: [refused, { ...whole.tries[1], fromMs: 40 }] }),
      without({ tries: [refused] }),
      without({ after: 'refused' }),
      without({ after: 'failed' }),
      without({ after: null }),
    ]).to.deep.equal([
      'false no connection stood that the link could have ended',
      'false the link did not end the connection when it went down',
      'false the link took a connection while it was down',
      'false no new connection was seen to be refused',
      'false no new connection was seen to be refused',
      'false the link was not seen to be down for as long as it was told',
      'false the link was not seen to be down for as long as it was told',
      'false the link took no connection when it came up again',
      'false the link took no connection when it came up again',
      'false the link took no connection when it came up again',
    ])
  })
  it('is refused at once where no link can be down for so long', () => {
    expect(() => linkDown({ ms: -1 })).to.throw(RangeError)
  })
})
