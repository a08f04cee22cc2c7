import { expect } from 'chai'
import { BodyDecoder, bodyFraming } from '#wire/http/body'
import type { BodyFraming } from '#wire/http/body'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

function decode(framing: BodyFraming, text: string, size = text.length) {
  const decoder = new BodyDecoder(framing)
  const bytes = utf8(text)
  let payload = ''
  const places: number[] = []
  for (let at = 0; at < bytes.length; at += size) {
    for (const piece of decoder.push(bytes.subarray(at, at + size))) {
      payload += new TextDecoder().decode(piece.bytes)
      places.push(...Array.from(piece.bytes, (_, index) => piece.at + index))
    }
  }
  const { done, error, excess } = decoder
  return { payload, places, done, error, excess }
}

describe('HTTP body framing', () => {
  const cases: readonly (readonly [
    string,
    string,
    number,
    readonly (readonly [string, string])[],
    BodyFraming,
  ])[] = [
    ['the end of the connection', 'GET', 200, [], { kind: 'until-close' }],
    ['chunked', 'GET', 200, [['Transfer-Encoding', 'chunked']], { kind: 'chunked' }],
    ['chunked last', 'GET', 200, [['transfer-encoding', 'gzip, Chunked']], { kind: 'chunked' }],
    [
      'chunked before length',
      'GET',
      200,
      [
        ['Content-Length', '5'],
        ['Transfer-Encoding', 'chunked'],
      ],
      { kind: 'chunked' },
    ],
    ['a coding that is not chunked', 'GET', 200, [['Transfer-Encoding', 'gzip']], { kind: 'until-close' }],
    ['a length', 'GET', 200, [['content-length', '12']], { kind: 'length', length: 12 }],
    ['the same length twice', 'GET', 200, [['Content-Length', '5, 5']], { kind: 'length', length: 5 }],
    [
      'two lengths',
      'GET',
      200,
      [
        ['Content-Length', '5'],
        ['Content-Length', '6'],
      ],
      { kind: 'faulty', what: 'several Content-Length values that differ' },
    ],
    [
      'no number',
      'GET',
      200,
      [['Content-Length', '-5']],
      { kind: 'faulty', what: 'a Content-Length that is not a number' },
    ],
    ['HEAD', 'HEAD', 200, [['Content-Length', '5']], { kind: 'none' }],
    ['204', 'GET', 204, [['Transfer-Encoding', 'chunked']], { kind: 'none' }],
    ['304', 'GET', 304, [['Content-Length', '5']], { kind: 'none' }],
  ]
  for (const [name, method, status, headers, framing] of cases) {
    it(name, () => expect(bodyFraming(method, status, headers)).to.deep.equal(framing))
  }
})

describe('HTTP body', () => {
  it('removes chunk framing, however the bytes are split, and gives the offset of every byte', () => {
    const text = '3\r\nabc\r\nA;x="y"\r\n0123456789\r\n0\r\nT: 1\r\n\r\nmore'
    for (const size of [text.length, 1, 2, 3]) {
      const { payload, places, done, error, excess } = decode({ kind: 'chunked' }, text, size)
      expect([payload, done, error, excess]).to.deep.equal(['abc0123456789', true, null, 4])
      expect(places).to.deep.equal([3, 4, 5, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26])
    }
  })

  it('reads as many bytes as Content-Length says', () => {
    expect(decode({ kind: 'length', length: 3 }, 'abcd', 2)).to.include({
      payload: 'abc',
      done: true,
      excess: 1,
    })
    expect(decode({ kind: 'length', length: 3 }, 'ab')).to.include({
      payload: 'ab',
      done: false,
    })
    expect(decode({ kind: 'length', length: 0 }, '')).to.include({ payload: '', done: true })
  })

  it('reads until the connection ends', () => {
    expect(decode({ kind: 'until-close' }, 'abc', 1)).to.include({
      payload: 'abc',
      done: false,
    })
  })

  it('stops at invalid framing', () => {
    const broken: Readonly<Record<string, string>> = {
      'xyz\r\nabc': 'a chunk size that is not a hexadecimal number',
      '\r\n': 'a chunk size that is not a hexadecimal number',
      '-1\r\n': 'a chunk size that is not a hexadecimal number',
      'ffffffffffffffff\r\n': 'a chunk size that is not a hexadecimal number',
      '2\r\nabc\r\n': 'a chunk that is longer than its size says',
    }
    for (const [text, what] of Object.entries(broken)) {
      expect(decode({ kind: 'chunked' }, text)).to.include({ error: what, done: false })
    }
    expect(decode({ kind: 'faulty', what: 'w' }, 'abc')).to.include({ payload: '', error: 'w' })
  })

  it('limits the length of framing lines and trailers', () => {
    expect(decode({ kind: 'chunked' }, '1'.repeat(5000), 100).error).to.equal(
      'an endless line of chunk framing',
    )
    expect(decode({ kind: 'chunked' }, `0\r\n${'a: b\r\n'.repeat(4000)}`, 100).error).to.equal(
      'an endless line of chunk framing',
    )
  })
})
