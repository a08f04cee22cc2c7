import { expect } from 'chai'
import { PlaceMap } from '#peers/http/body-offsets'

describe('places of a body', () => {
  it('are known across the framing between its pieces', () => {
    // 3 CR LF a b c CR LF 2 CR LF d e CR LF
    const map = new PlaceMap()
    map.add(3, 2)
    map.add(5, 1)
    map.add(11, 2)
    expect([0, 1, 2, 3, 4, 5, 6].map((offset) => map.rawOf(offset))).to.deep.equal([3, 4, 5, 6, 12, 13, null])
  })

  it('are not known where nothing came', () => {
    expect(new PlaceMap().rawOf(0)).to.equal(null)
  })
})
