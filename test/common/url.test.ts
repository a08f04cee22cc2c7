import { expect } from 'chai'
import { addressOf } from '#common/url'

describe('addressOf', () => {
  it('uses the default port of the scheme, and removes the brackets of IPv6', () => {
    expect(addressOf(new URL('ws://a.example/'))).to.deep.equal({ host: 'a.example', port: 80 })
    expect(addressOf(new URL('wss://a.example/'))).to.deep.equal({ host: 'a.example', port: 443 })
    expect(addressOf(new URL('https://[::1]:8443/'))).to.deep.equal({ host: '::1', port: 8443 })
  })
})
