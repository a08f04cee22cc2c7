import { expect } from 'chai'
import { parseContract } from '#protocols/index'
import { redactorFor } from '#protocols/index'

const planted = {
  password: 'p@ss/w0rd+Q1',
  query: 'qu3ry-Token=x',
  header: 'hdr-Secret-77',
  bearer: 'b34rer.Value_9',
  cookie: 'c00kie-Value',
  body: 'b0dy-"quoted"-key',
  form: 'f0rmValue99',
  opening: 'op3ning-login',
}

const contract = parseContract({
  ws: `wss://alice77:${encodeURIComponent(planted.password)}@host/?token=${encodeURIComponent(planted.query)}`,
  sse: 'https://host/events',
  headers: [
    `X-Api-Key: ${planted.header}`,
    `Authorization: Bearer ${planted.bearer}`,
    `Cookie: a=1; sid=${planted.cookie}`,
    'X-Pin: 42',
  ],
  publish: {
    url: 'https://host/publish',
    body: `{"channel":"news","key":${JSON.stringify(planted.body)},"f":"k=${planted.form}&d","data":{json:data}}`,
  },
  opening: [{ send: `{"login":"${planted.opening}"}` }, { expect: 'ok' }],
})

const redactor = redactorFor(contract)

/** The encodings in which a credential must not appear. */
const encodings: Readonly<Record<string, (secret: string) => string>> = {
  raw: (secret) => secret,
  'percent-encoded': (secret) => encodeURIComponent(secret),
  'percent-encoded in lower case': (secret) =>
    encodeURIComponent(secret).replaceAll(/%[0-9A-F]{2}/g, (one) => one.toLowerCase()),
  'JSON-escaped': (secret) => JSON.stringify(secret).slice(1, -1),
  hex: (secret) => Buffer.from(secret).toString('hex'),
  HEX: (secret) => Buffer.from(secret).toString('hex').toUpperCase(),
  base64: (secret) => Buffer.from(secret).toString('base64'),
  base64url: (secret) => Buffer.from(secret).toString('base64url'),
}

/** The longest run of characters that a redacted text still shares with the encoded secret. */
function leftOf(redacted: string, encoded: string): string {
  for (let length = encoded.length; length > 0; length--) {
    for (let at = 0; at + length <= encoded.length; at++) {
      const part = encoded.slice(at, at + length)
      if (redacted.toLowerCase().includes(part.toLowerCase())) return part
    }
  }
  return ''
}

describe('the redactor', () => {
  for (const [name, secret] of Object.entries(planted)) {
    for (const [encoding, encode] of Object.entries(encodings)) {
      it(`hides the ${name} ${encoding}`, () => {
        const encoded = encode(secret)
        const text = redactor.text(`before ${encoded} after`)
        expect(text).to.match(/^before .*after$/s)
        // In base64 the characters at both ends depend on the neighbouring bytes and reveal nothing.
        expect(leftOf(text.slice(7, -6), encoded).length, text).to.be.lessThan(5)
        const bytes = Buffer.from(redactor.bytes(Buffer.from(`before ${encoded} after`))).toString()
        expect(bytes).to.have.length(`before ${encoded} after`.length)
        expect(leftOf(bytes.slice(7, -6), encoded).length, bytes).to.be.lessThan(5)
      })
    }
  }

  it('hides a secret in the middle of hexadecimal, and keeps the length', () => {
    const dump = Buffer.from(`ab${planted.header}cd`).toString('hex')
    expect(redactor.text(dump)).to.equal(`6162${'2a'.repeat(planted.header.length)}6364`)
  })

  for (const before of ['x', 'xy', 'xyz']) {
    it(`hides a secret in the middle of base64, ${before.length} bytes in`, () => {
      const text = Buffer.from(`${before}${planted.header}yz`).toString('base64')
      const redacted = redactor.text(text)
      expect(redacted).to.match(/^[\w+/]{1,6}\[redacted\][\w+/=]{1,6}$/)
      expect(Buffer.from(redacted.replace('[redacted]', ''), 'base64').toString('latin1')).not.to.match(
        /hdr|Sec|ret|77/,
      )
    })
  }

  it('hides user and password together, as Basic credentials carry them', () => {
    const basic = Buffer.from(`alice77:${planted.password}`).toString('base64')
    expect(redactor.text(`Authorization: Basic ${basic}`)).to.equal('Authorization: Basic [redacted]')
  })

  it('hides a short value only after the name that announces it', () => {
    expect(redactor.text('x-pin: 42, 42 bytes')).to.equal('x-pin: [redacted], 42 bytes')
    expect(Buffer.from(redactor.bytes(Buffer.from('X-Pin: 42\r\n'))).toString()).to.equal('X-Pin: **\r\n')
  })

  it('keeps common words', () => {
    const text =
      'expected a text message with the data of the event; actual: Content-Type application/json on channel 7'
    expect(redactor.text(text)).to.equal(text)
  })

  it('keeps subprotocols, and values that are equal to a subprotocol or to a part of a target URL', () => {
    const chat = redactorFor(
      parseContract({
        ws: 'ws://chat:secret77@chat.example/live/chat?channel=live&topic=news',
        headers: ['X-Service: v2.chat', 'X-Host: chat.example', 'X-Key: other-key'],
        subprotocols: ['v2.chat', 'chat'],
        opening: [{ send: '{"join":"live"}' }],
      }),
    )
    expect(chat.text('ws://chat.example/live/chat, Sec-WebSocket-Protocol: v2.chat, chat')).to.equal(
      'ws://chat.example/live/chat, Sec-WebSocket-Protocol: v2.chat, chat',
    )
    expect(chat.text('X-Service: v2.chat, X-Key: other-key, topic=news, secret77')).to.equal(
      'X-Service: v2.chat, X-Key: [redacted], topic=[redacted], [redacted]',
    )
  })

  it('hides a password that is equal to a part of a target URL', () => {
    const live = redactorFor(parseContract({ ws: 'ws://user:live@host/live' }))
    expect(live.text('password live')).to.equal('password [redacted]')
  })

  it('keeps bytes without a secret unchanged', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
    expect(redactor.bytes(bytes)).to.deep.equal(bytes)
  })

  it('changes nothing if there is no secret', () => {
    const none = redactorFor(parseContract({ ws: 'ws://host/path' }))
    expect(none.text('anything, ws://host/path')).to.equal('anything, ws://host/path')
  })
})
