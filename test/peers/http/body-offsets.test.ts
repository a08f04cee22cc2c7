import { expect } from 'chai'
import { BodyOffsetMap } from '#peers/http/body-offsets'

describe('BodyOffsetMap', () => {
  it('maps offsets across the framing between pieces', () => {
    // 3 CR LF a b c CR LF 2 CR LF d e CR LF
    const map = new BodyOffsetMap()
    map.add(3, 2)
    map.add(5, 1)
    map.add(11, 2)
    expect([0, 1, 2, 3, 4, 5, 6].map((offset) => map.rawOffsetOf(offset))).to.deep.equal([
      3,
      4,
      5,
      6,
      12,
      13,
      null,
    ])
  })

  it('maps nothing before the first piece', () => {
    expect(new BodyOffsetMap().rawOffsetOf(0)).to.equal(null)
  })
})
