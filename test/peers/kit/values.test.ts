import { expect } from 'chai'
import { acceptValueOf, filled, hex, percentile } from '#peers/kit/values'

describe('hex', () => {
  it('ignores white space between the digits', () => {
    expect([...hex('81 05\n48')]).to.deep.equal([0x81, 0x05, 0x48])
  })
})

describe('filled', () => {
  it('gives the letter a by default', () => {
    expect(Buffer.from(filled(3)).toString()).to.equal('aaa')
    expect([...filled(2, 0xff)]).to.deep.equal([0xff, 0xff])
  })
})

describe('acceptValueOf', () => {
  it('gives the value of the example in RFC 6455 1.3', () => {
    expect(acceptValueOf('dGhlIHNhbXBsZSBub25jZQ==')).to.equal('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
  })
})

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

  it('rejects an empty list', () => {
    expect(() => percentile([], 50)).to.throw(RangeError)
  })
})
