import { expect } from 'chai'
import { percentile } from '#peers/kit/figures'

describe('percentile', () => {
  const oneToHundred = Array.from({ length: 100 }, (_, index) => 100 - index)

  it('takes the nearest rank of unsorted values', () => {
    expect([1, 50, 99, 100].map((p) => percentile(oneToHundred, p))).to.deep.equal([1, 50, 99, 100])
  })

  it('gives the only value for every p', () => {
    expect([0, 50, 100].map((p) => percentile([7], p))).to.deep.equal([7, 7, 7])
  })

  it('rounds to hundredths', () => {
    expect(percentile([1.23456], 50)).to.equal(1.23)
  })

  it('refuses to speak about nothing', () => {
    expect(() => percentile([], 50)).to.throw(RangeError)
  })
})
