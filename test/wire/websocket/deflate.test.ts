import { createHash } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { expect } from 'chai'
import { Inflater, parseExtensions, readDeflateTerms } from '#wire/websocket/deflate'
import { deflated } from './deflated.ts'

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value))
const string = (value: Uint8Array | null): string | null =>
  value === null ? null : Buffer.from(value).toString()

describe('Inflater', () => {
  it('reads the compressed Hello of RFC 7692 7.2.3.1', () => {
    expect(string(new Inflater(false).inflate(bytes('f2 48 cd c9 c9 07 00')))).to.equal('Hello')
  })

  it('reads the second Hello of RFC 7692 7.2.3.2, which refers to the first', () => {
    const shared = new Inflater(true)
    expect(string(shared.inflate(bytes('f2 48 cd c9 c9 07 00')))).to.equal('Hello')
    expect(string(shared.inflate(bytes('f2 00 11 00 00')))).to.equal('Hello')
    const alone = new Inflater(false)
    alone.inflate(bytes('f2 48 cd c9 c9 07 00'))
    expect(alone.inflate(bytes('f2 00 11 00 00'))).to.equal(null)
  })

  it('reads an uncompressed block: RFC 7692 7.2.3.3', () => {
    expect(string(new Inflater(false).inflate(bytes('00 05 00 fa ff 48 65 6c 6c 6f 00')))).to.equal('Hello')
  })

  it('reads a final block: RFC 7692 7.2.3.4', () => {
    expect(string(new Inflater(false).inflate(bytes('f3 48 cd c9 c9 07 00 00')))).to.equal('Hello')
  })

  it('reads two blocks in one message: RFC 7692 7.2.3.5', () => {
    expect(string(new Inflater(false).inflate(bytes('f2 48 05 00 00 00 ff ff ca c9 c9 07 00')))).to.equal(
      'Hello',
    )
  })

  it('reads the empty message of RFC 7692 7.2.3.6', () => {
    expect(string(new Inflater(false).inflate(bytes('00')))).to.equal('')
  })

  it('gives null for bytes that are not DEFLATE data', () => {
    expect(new Inflater(false).inflate(bytes('ff ff ff'))).to.equal(null)
  })

  it('gives null for a message that inflates over its ceiling', () => {
    const bomb = deflateRawSync(new Uint8Array(100_000))
    expect(bomb.length).to.be.below(300)
    expect(new Inflater(false, 99_999).inflate(bomb)).to.equal(null)
    expect(new Inflater(false, 100_000).inflate(bomb)).to.have.length(100_000)
  })

  it('gives null for a reference further back than the negotiated window', async () => {
    const block = (at: number): Uint8Array => createHash('sha256').update(`${at}`).digest()
    const noise = Uint8Array.from(Array.from({ length: 128 }, (_none, at) => [...block(at)]).flat())
    const read = async (windowBits: number): Promise<boolean[]> => {
      const inflater = new Inflater(true, 1_000_000, 9)
      const messages = await deflated([noise, noise], windowBits)
      return messages.map((message) => inflater.inflate(message) !== null)
    }
    expect(await read(9)).to.deep.equal([true, true])
    expect(await read(15)).to.deep.equal([true, false])
  })

  it('keeps a context of 32 KiB across many messages', async () => {
    const inflater = new Inflater(true)
    const messages = Array.from({ length: 40 }, (_none, at) => text(`message ${at} `.repeat(200)))
    for (const [at, message] of (await deflated(messages)).entries())
      expect(string(inflater.inflate(message))).to.equal(string(messages[at] ?? null))
  })
})

describe('parseExtensions', () => {
  it('reads names, parameters and quoted values', () => {
    expect(
      parseExtensions(['permessage-deflate; client_max_window_bits; server_max_window_bits="10"', 'x-a']),
    ).to.deep.equal([
      {
        name: 'permessage-deflate',
        params: [
          ['client_max_window_bits', null],
          ['server_max_window_bits', '10'],
        ],
      },
      { name: 'x-a', params: [] },
    ])
  })

  it('gives null for elements that break the grammar', () => {
    for (const wrong of ['', 'a b', 'a; ', 'a; b=', 'a; b="c d"', 'a; =1'])
      expect(parseExtensions([wrong]), wrong).to.equal(null)
  })
})

describe('readDeflateTerms', () => {
  const terms = (element: string): unknown =>
    readDeflateTerms(parseExtensions([element])?.[0] ?? { name: '', params: [] })

  it('reads the parameters that a server may send', () => {
    expect(terms('permessage-deflate; server_no_context_takeover; client_max_window_bits=9')).to.deep.equal({
      serverNoContextTakeover: true,
      clientNoContextTakeover: false,
      serverMaxWindowBits: 15,
      clientMaxWindowBits: 9,
    })
  })

  it('says which parameter a server must not send', () => {
    expect(terms('x-webkit-deflate-frame')).to.match(/an extension other than/)
    expect(terms('permessage-deflate; unknown')).to.equal('an unknown parameter: unknown')
    expect(terms('permessage-deflate; server_no_context_takeover=1')).to.match(/with a value/)
    expect(terms('permessage-deflate; client_max_window_bits')).to.match(/without a value/)
    expect(terms('permessage-deflate; server_max_window_bits=08')).to.match(/from 8 to 15/)
    expect(terms('permessage-deflate; server_max_window_bits=9; server_max_window_bits=9')).to.match(/twice/)
  })
})
