import { inflateRawSync, constants } from 'node:zlib'
import { expect } from 'chai'
import { frame, hex, opened, serve } from './raw.ts'
import type { Served } from './raw.ts'

const hello = Buffer.from('Hello')

describe('reference: permessage-deflate', () => {
  let served: Served
  before(async () => {
    served = await serve()
  })
  after(() => served[Symbol.asyncDispose]())

  const offer = (parameters = ''): string[] => [`Sec-WebSocket-Extensions: permessage-deflate${parameters}`]
  const inflate = (body: string): Buffer =>
    inflateRawSync(Buffer.concat([hex(body), hex('0000ffff')]), { finishFlush: constants.Z_SYNC_FLUSH })

  const vectors: readonly (readonly [example: string, payload: string])[] = [
    ['7.2.3.1: one block', 'f248cdc9c90700'],
    ['7.2.3.3: a stored block', '000500faff48656c6c6f00'],
    ['7.2.3.4: a block with BFINAL', 'f348cdc9c9070000'],
    ['7.2.3.5: two blocks', 'f248050000 00ffff cac9c90700'],
  ]
  for (const [example, payload] of vectors) {
    it(`inflates ${example}`, async () => {
      using raw = await opened(served.port, offer())
      raw.send(frame(0xc1, hex(payload)))
      const head = await raw.take(2)
      expect(head.slice(0, 2)).to.equal('c1')
      expect(inflate(await raw.take(Number.parseInt(head.slice(2), 16)))).to.deep.equal(hello)
    })
  }

  it('keeps the context in both directions: 7.2.3.2', async () => {
    using raw = await opened(served.port, offer())
    raw.send(Buffer.concat([frame(0xc1, hex('f248cdc9c90700')), frame(0xc1, hex('f200110000'))]))
    expect(await raw.take(9)).to.equal('c107f248cdc9c90700')
    expect(await raw.take(7)).to.equal('c105f200110000')
  })

  it('uses no context takeover if that was negotiated', async () => {
    using raw = await opened(served.port, offer('; server_no_context_takeover'))
    raw.send(Buffer.concat([frame(0xc1, hex('f248cdc9c90700')), frame(0xc1, hex('f200110000'))]))
    expect(await raw.take(18)).to.equal('c107f248cdc9c90700'.repeat(2))
  })

  it('reassembles fragments before it inflates them, and accepts an uncompressed message', async () => {
    using raw = await opened(served.port, offer())
    raw.send(Buffer.concat([frame(0x41, hex('f248')), frame(0x00, hex('cdc9')), frame(0x80, hex('c90700'))]))
    expect(await raw.take(9)).to.equal('c107f248cdc9c90700')
    raw.send(frame(0x81, 'Hello'))
    expect(await raw.take(7)).to.equal('c105f200110000')
  })

  it('compresses an empty message to one byte: 7.2.3.6', async () => {
    using raw = await opened(served.port, offer())
    raw.send(frame(0xc1, hex('00')))
    expect(await raw.take(3)).to.equal('c10100')
  })

  const failed: readonly (readonly [violation: string, sent: Buffer, code: string])[] = [
    ['invalid DEFLATE data', frame(0xc1, hex('ffffffffff')), '03ef'],
    ['compressed text that is not UTF-8', frame(0xc1, hex('3a b0 1e 00')), '03ef'],
    ['RSV1 on a Ping', frame(0xc9, ''), '03ea'],
    ['RSV1 on a continuation', Buffer.concat([frame(0x41, hex('f248')), frame(0xc0, '')]), '03ea'],
  ]
  for (const [violation, sent, code] of failed) {
    it(`fails on ${violation}`, async () => {
      using raw = await opened(served.port, offer())
      raw.send(sent)
      expect(await raw.rest()).to.equal(`8802${code}`)
    })
  }
})
