import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { freshNonce, holdsNonce } from '#peers/kit/nonce'

describe('nonces', () => {
  it('are recognised anywhere in a text, whatever run they are from', () => {
    for (let count = 0; count < 100; count++) {
      expect(holdsNonce(freshNonce())).to.equal(true)
      expect(holdsNonce(`streamproof-${freshNonce()}: one`)).to.equal(true)
    }
  })

  it('are all different', () => {
    expect(new Set(Array.from({ length: 1000 }, freshNonce)).size).to.equal(1000)
  })

  it('are not mistaken for the ids of other software', () => {
    const ids = [randomUUID(), randomUUID().replaceAll('-', ''), '1764490000000123', 'unsubscribedchannel']
    expect(ids.filter(holdsNonce)).to.deep.equal([])
  })
})
