import { expect } from 'chai'
import { requestHeaders, requestTarget, withholdsCredentials } from '#peers/http/request-head'
import { endpointOf } from '../stage.ts'

const secure = endpointOf(new URL('wss://host/chat?token=secret&lang=de'), {
  headers: [
    ['Authorization', 'Bearer secret'],
    ['Cookie', 'a=1'],
    ['Cookie', 'b=2'],
  ],
})
const encrypted = { url: secure.url, encrypted: true }
const tlsPort = { url: secure.url, encrypted: false }
const plainAddress = { url: new URL('ws://host/chat?token=secret&lang=en'), encrypted: false }

describe('the head of a request', () => {
  it('replaces defaults by the contract, and the contract by the check', () => {
    const defaults = [
      ['Host', 'host'],
      ['Accept', '*/*'],
      ['authorization', 'none'],
      ['X-Default', '1'],
    ] as const
    expect(
      requestHeaders(secure, encrypted, defaults, {
        headers: [
          ['accept', 'text/html'],
          ['cookie', 'c=3'],
          ['X-Check', '\u20ac'],
        ],
        without: ['x-default'],
      }),
    ).to.deep.equal([
      ['Host', 'host'],
      ['accept', 'text/html'],
      ['Authorization', 'Bearer secret'],
      ['cookie', 'c=3'],
      ['X-Check', '\xe2\x82\xac'],
    ])
  })

  it('keeps every header of a name that the contract gives twice', () => {
    expect(requestHeaders(secure, encrypted, [['Cookie', 'none']], {})).to.deep.equal([
      ['Cookie', 'a=1'],
      ['Cookie', 'b=2'],
      ['Authorization', 'Bearer secret'],
    ])
  })

  it('withholds credentials on plain text, on the TLS port and at the plain-text address', () => {
    for (const address of [tlsPort, plainAddress]) {
      expect(withholdsCredentials(secure, address)).to.equal(true)
      expect(requestHeaders(secure, address, [['Host', 'host']], {})).to.deep.equal([['Host', 'host']])
    }
    expect(requestTarget(secure, encrypted)).to.equal('/chat?token=secret&lang=de')
    expect(requestTarget(secure, tlsPort)).to.equal('/chat')
    expect(requestTarget(secure, plainAddress)).to.equal('/chat?lang=en')
  })

  it('sends credentials to a plain-text target, and to no other plain-text address', () => {
    const secureUrl = new URL('wss://host:8443/?token=other')
    const plain = endpointOf(new URL('ws://host/?token=secret'), { headers: secure.headers, secureUrl })
    const itself = { url: new URL('ws://host/other?token=secret'), encrypted: false }
    expect(requestHeaders(plain, itself, [], {})).to.deep.equal(secure.headers)
    expect(requestTarget(plain, itself)).to.equal('/other?token=secret')
    const onTlsPort = { url: secureUrl, encrypted: false }
    expect(requestHeaders(plain, onTlsPort, [], {})).to.deep.equal([])
    expect(requestTarget(plain, onTlsPort)).to.equal('/')
    expect(requestHeaders(plain, { url: secureUrl, encrypted: true }, [], {})).to.deep.equal(secure.headers)
  })
})
