import { PassThrough } from 'node:stream'
import type { Writable } from 'node:stream'
import { expect } from 'chai'
import fc from 'fast-check'
import * as ws from 'ws'
import { FrameDecoder, closeBody, encodeFrame, opcodeName, readCloseBody } from '#wire/websocket/frames'
import type { FrameFields } from '#wire/websocket/frames'

/** Exported by ws, and missing in its types. */
const { Receiver } = ws as unknown as {
  readonly Receiver: new (options: { readonly isServer: boolean }) => Writable
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value))

/** RFC 6455 5.7: what is sent, and how. */
const examples: readonly { readonly name: string; readonly wire: string; readonly frame: FrameFields }[] = [
  {
    name: 'an unmasked text message',
    wire: '81 05 48 65 6c 6c 6f',
    frame: { opcode: 1, payload: text('Hello') },
  },
  {
    name: 'a masked text message',
    wire: '81 85 37 fa 21 3d 7f 9f 4d 51 58',
    frame: { opcode: 1, payload: text('Hello'), key: bytes('37fa213d') },
  },
  {
    name: 'the first fragment',
    wire: '01 03 48 65 6c',
    frame: { opcode: 1, payload: text('Hel'), fin: false },
  },
  { name: 'the last fragment', wire: '80 02 6c 6f', frame: { opcode: 0, payload: text('lo') } },
  { name: 'a Ping', wire: '89 05 48 65 6c 6c 6f', frame: { opcode: 9, payload: text('Hello') } },
  {
    name: 'a masked Pong',
    wire: '8a 85 37 fa 21 3d 7f 9f 4d 51 58',
    frame: { opcode: 10, payload: text('Hello'), key: bytes('37fa213d') },
  },
]

describe('encodeFrame', () => {
  for (const { name, wire, frame } of examples) {
    it(`writes ${name} of RFC 6455 5.7`, () => {
      expect(hex(encodeFrame(frame))).to.equal(wire.replaceAll(' ', ''))
    })
  }

  it('writes the headers of 256 bytes and of 64 KiB of RFC 6455 5.7', () => {
    expect(hex(encodeFrame({ opcode: 2, payload: new Uint8Array(256) }).subarray(0, 4))).to.equal('827e0100')
    const long = encodeFrame({ opcode: 2, payload: new Uint8Array(65_536) })
    expect(hex(long.subarray(0, 10))).to.equal('827f0000000000010000')
  })

  it('uses the shortest length field that fits', () => {
    const head = (length: number): string =>
      hex(encodeFrame({ opcode: 2, payload: new Uint8Array(length) }).subarray(0, 4))
    expect(head(125)).to.equal('827d0000')
    expect(head(126)).to.equal('827e007e')
    expect(head(65_535)).to.equal('827effff')
  })

  it('writes a length field that is too wide', () => {
    expect(hex(encodeFrame({ opcode: 1, payload: text('a'), lengthBits: 16 }))).to.equal('817e000161')
    expect(hex(encodeFrame({ opcode: 1, payload: text('a'), lengthBits: 64 }))).to.equal(
      '817f000000000000000161',
    )
  })

  it('declares a length that differs from the payload', () => {
    expect(hex(encodeFrame({ opcode: 2, declaredLength: 2n ** 63n }))).to.equal('827f8000000000000000')
  })

  it('sets reserved bits and reserved opcodes', () => {
    expect(hex(encodeFrame({ opcode: 0xb, rsv: 7 }))).to.equal('fb00')
    expect(hex(encodeFrame({ opcode: 1, rsv: 4 }))).to.equal('c100')
  })

  it('writes masked frames that ws reads', async () => {
    const receiver = new Receiver({ isServer: true })
    const received: string[] = []
    receiver.on('message', (data: Buffer) => received.push(data.toString()))
    const key = bytes('01020304')
    const stream = new PassThrough()
    stream.pipe(receiver)
    stream.write(encodeFrame({ opcode: 1, payload: text('Hel'), fin: false, key }))
    stream.write(encodeFrame({ opcode: 0, payload: text('lo'), key }))
    stream.write(encodeFrame({ opcode: 1, payload: text('x'.repeat(70_000)), key }))
    stream.end()
    await new Promise((resolve) => receiver.once('finish', resolve))
    expect(received).to.deep.equal(['Hello', 'x'.repeat(70_000)])
  })
})

describe('FrameDecoder', () => {
  for (const { name, wire, frame } of examples) {
    it(`reads ${name} of RFC 6455 5.7`, () => {
      const { frames } = new FrameDecoder().push(bytes(wire))
      expect(frames).to.have.length(1)
      expect(frames[0]).to.deep.include({
        opcode: frame.opcode,
        fin: frame.fin ?? true,
        masked: frame.key !== undefined,
      })
      expect(hex(frames[0]?.payload ?? new Uint8Array(0))).to.equal(hex(frame.payload ?? new Uint8Array(0)))
      expect(hex(frames[0]?.raw ?? new Uint8Array(0))).to.equal(wire.replaceAll(' ', ''))
    })
  }

  it('gives the width of the length field', () => {
    const widths = (wire: string): readonly number[] =>
      new FrameDecoder().push(bytes(wire)).frames.map((one) => one.lengthBits)
    expect(widths('810161 817e000161 817f000000000000000161')).to.deep.equal([7, 16, 64])
  })

  it('keeps reserved bits and opcodes without judging them', () => {
    const [frame] = new FrameDecoder().push(bytes('3b 00')).frames
    expect(frame).to.deep.include({ opcode: 0xb, rsv: 3, fin: false })
  })

  it('reports a frame that declares 2^63 bytes without waiting for its payload', () => {
    const decoder = new FrameDecoder()
    const { frames, oversize } = decoder.push(bytes('8100 827f8000000000000000 ffff'))
    expect(frames).to.have.length(1)
    expect(oversize).to.deep.include({ opcode: 2, declaredLength: 2n ** 63n })
    expect(hex(oversize?.raw ?? new Uint8Array(0))).to.equal('827f8000000000000000')
    expect(decoder.push(bytes('8100'))).to.deep.equal({ frames: [], oversize: null })
    expect(decoder.pending).to.equal(0)
  })

  it('reads up to its ceiling and reports one byte more', () => {
    const decoder = new FrameDecoder(200)
    expect(decoder.push(encodeFrame({ opcode: 2, payload: new Uint8Array(200) })).frames).to.have.length(1)
    expect(
      decoder.push(encodeFrame({ opcode: 2, payload: new Uint8Array(201) })).oversize?.declaredLength,
    ).to.equal(201n)
  })

  it('shows the bytes of an incomplete frame', () => {
    const decoder = new FrameDecoder()
    decoder.push(bytes('8105 4865'))
    expect(decoder.pending).to.equal(4)
    expect(hex(decoder.peek(3))).to.equal('810548')
  })

  it('gives payloads that later pieces do not overwrite', () => {
    const decoder = new FrameDecoder()
    const piece = bytes('8101 61')
    const [first] = decoder.push(piece).frames
    piece.fill(0)
    decoder.push(bytes('8101 62'))
    expect(hex(first?.payload ?? new Uint8Array(0))).to.equal('61')
  })

  it('gives the same frames however the bytes are split', () => {
    const frame = fc.record({
      opcode: fc.integer({ min: 0, max: 15 }),
      payload: fc.uint8Array({ maxLength: 300 }),
      fin: fc.boolean(),
      rsv: fc.integer({ min: 0, max: 7 }),
      key: fc.option(fc.uint8Array({ minLength: 4, maxLength: 4 })),
    })
    const property = fc.property(
      fc.array(frame, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 90 })),
      (frames, cuts) => {
        const whole = Uint8Array.from(Buffer.concat(frames.map((one) => encodeFrame(one))))
        const at = pieces(whole, cuts)
        const decoder = new FrameDecoder()
        const read = at.flatMap((piece) => decoder.push(piece).frames)
        expect(read.map((one) => [one.opcode, one.fin, one.rsv, one.masked, hex(one.payload)])).to.deep.equal(
          frames.map((one) => [one.opcode, one.fin, one.rsv, one.key !== null, hex(one.payload)]),
        )
      },
    )
    fc.assert(property, { seed: 7, numRuns: 200 })
  })
})

describe('closeBody and readCloseBody', () => {
  it('write and read a code and a reason', () => {
    expect(hex(closeBody(1000, text('bye')))).to.equal('03e8627965')
    expect(hex(closeBody(null))).to.equal('')
    expect(readCloseBody(bytes('03e8 627965'))).to.deep.equal({ code: 1000, reason: bytes('627965') })
  })

  it('find no code in a body of fewer than two bytes', () => {
    expect(readCloseBody(bytes('')).code).to.equal(null)
    expect(readCloseBody(bytes('03')).code).to.equal(null)
  })
})

describe('opcodeName', () => {
  it('names known opcodes, and gives the number of reserved ones', () => {
    expect([1, 9, 11].map((opcode) => opcodeName(opcode))).to.deep.equal(['TEXT', 'PING', 'opcode 0xb'])
  })
})

function pieces(whole: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const cut: Uint8Array[] = []
  let at = 0
  for (const size of sizes) {
    cut.push(whole.subarray(at, at + size))
    at += size
  }
  return [...cut, whole.subarray(at)]
}
