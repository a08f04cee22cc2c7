import { expect } from 'chai'
import { WebSocket } from 'ws'
import { frame, hex, opened, serve } from './raw.ts'
import type { Served } from './raw.ts'

describe('reference: frames', () => {
  let served: Served
  before(async () => {
    served = await serve()
  })
  after(() => served[Symbol.asyncDispose]())

  const answered: readonly (readonly [received: string, sent: Buffer, answer: string])[] = [
    ['the masked Hello of RFC 6455 5.7', hex('81 85 37fa213d 7f9f4d5158'), '810548656c6c6f'],
    ['an empty text', frame(0x81, ''), '8100'],
    ['binary that is not UTF-8', frame(0x82, hex('00ff80')), '820300ff80'],
    ['125 bytes', frame(0x82, Buffer.alloc(125, 1)), `827d${'01'.repeat(125)}`],
    ['126 bytes', frame(0x82, Buffer.alloc(126, 1)), `827e007e${'01'.repeat(126)}`],
    ['65536 bytes', frame(0x82, Buffer.alloc(65_536, 1)), `827f0000000000010000${'01'.repeat(65_536)}`],
    ['a length of 1 in a 64-bit field', hex('82 ff 0000000000000001 00000000 07'), '820107'],
    [
      'three fragments, one empty',
      Buffer.concat([frame(0x01, 'a'), frame(0x00, ''), frame(0x80, 'b')]),
      '81026162',
    ],
    [
      'a Ping inside a message',
      Buffer.concat([frame(0x01, 'a'), frame(0x89, 'p'), frame(0x80, 'b')]),
      '8a017081026162',
    ],
    [
      'a character split across two fragments',
      Buffer.concat([frame(0x01, hex('e2')), frame(0x80, hex('82ac'))]),
      '8103e282ac',
    ],
    ['a Ping', frame(0x89, hex('ff00')), '8a02ff00'],
    ['a Ping after an unsolicited Pong', Buffer.concat([frame(0x8a, 'x'), frame(0x89, 'y')]), '8a0179'],
    [
      'messages in order',
      Buffer.concat([frame(0x81, '1'), frame(0x81, '2'), frame(0x89, '')]),
      '8101318101328a00',
    ],
    ['the Close code', frame(0x88, hex('0bb8 6869')), '88020bb8'],
    ['an empty Close', frame(0x88, ''), '8800'],
  ]
  for (const [received, sent, answer] of answered) {
    it(`answers ${received}`, async () => {
      using raw = await opened(served.port)
      raw.send(sent)
      expect(await raw.take(answer.length / 2)).to.equal(answer)
    })
    if (sent.length > 1000) continue
    it(`answers ${received}, sent in 1-byte segments`, async () => {
      using raw = await opened(served.port)
      await raw.sendSlowly(sent)
      expect(await raw.take(answer.length / 2)).to.equal(answer)
    })
  }

  const failed: readonly (readonly [violation: string, sent: Buffer, code: number])[] = [
    ['an unmasked text', hex('81 01 61'), 1002],
    ['an unmasked Ping', hex('89 00'), 1002],
    ['RSV1', frame(0xc1, 'a'), 1002],
    ['RSV2', frame(0xa1, 'a'), 1002],
    ['RSV3 on a Ping', frame(0x99, 'a'), 1002],
    ...[3, 7, 11, 15].map((opcode) => [`opcode ${opcode}`, frame(0x80 | opcode, ''), 1002] as const),
    ['opcode 3 inside a message', Buffer.concat([frame(0x01, 'a'), frame(0x83, 'a')]), 1002],
    ['a Ping of 126 bytes', frame(0x89, Buffer.alloc(126)), 1002],
    ['a fragmented Ping', frame(0x09, 'a'), 1002],
    ['a lone continuation frame', frame(0x80, 'a'), 1002],
    ['text inside text', Buffer.concat([frame(0x01, 'a'), frame(0x81, 'b')]), 1002],
    ['a length with its highest bit set', hex('82 ff 8000000000000001 00000000'), 1002],
    ['a length of 2^62', hex('82 ff 4000000000000000 00000000 01020304'), 1009],
    ['an overlong form, at its first byte', frame(0x01, hex('c0')), 1007],
    ['a surrogate', frame(0x81, hex('eda080')), 1007],
    ['a code point above U+10FFFF, before the message ends', frame(0x01, hex('48 f490')), 1007],
    ['a truncated character', frame(0x81, hex('e282')), 1007],
    ['a lone continuation byte', frame(0x81, hex('80')), 1007],
    ['0xFF', frame(0x81, hex('ff')), 1007],
    ['a Close with a 1-byte body', frame(0x88, 'a'), 1002],
    ['a Close with a reason that is not UTF-8', frame(0x88, hex('03e8c0af')), 1007],
    ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535].map(
      (code) => [`close code ${code}`, frame(0x88, Buffer.from([code >> 8, code & 255])), 1002] as const,
    ),
  ]
  for (const [violation, sent, code] of failed) {
    it(`fails on ${violation} with ${code} and does not answer the Ping after it`, async () => {
      using raw = await opened(served.port)
      raw.send(Buffer.concat([sent, frame(0x89, 'after')]))
      expect(await raw.rest()).to.equal(`8802${code.toString(16).padStart(4, '0')}`)
    })
  }

  it('answers the first Close once, discards the frames after it and closes TCP first', async () => {
    using raw = await opened(served.port)
    const close = frame(0x88, hex('03e8'))
    raw.send(Buffer.concat([close, frame(0x89, ''), frame(0x81, 'a'), close]))
    expect(await raw.rest()).to.equal('880203e8')
  })

  it('closes when the client closes TCP inside a frame', async () => {
    using raw = await opened(served.port)
    raw.send(hex('89 85 00000000 4865'))
    raw.finish()
    expect(await raw.rest()).to.equal('')
  })

  it('releases a connection that the client resets', async () => {
    {
      using raw = await opened(served.port)
      raw.send(hex('81 85 00000000 48'))
    }
    using next = await opened(served.port)
    next.send(frame(0x89, ''))
    expect(await next.take(2)).to.equal('8a00')
  })

  it('greets, pushes and never echoes in the pushing variant', async () => {
    await using pushing = await serve({ variant: 'pushing' })
    using raw = await opened(pushing.port)
    raw.send(Buffer.concat([frame(0x81, 'hello'), frame(0x89, 'p')]))
    expect(await raw.take(9 + 3)).to.equal(`8107${Buffer.from('welcome').toString('hex')}8a0170`)
    expect(await raw.take(8)).to.equal(`8106${Buffer.from('push 1').toString('hex')}`)
  })

  for (const perMessageDeflate of [false, true]) {
    it(`serves the ws client ${perMessageDeflate ? 'with' : 'without'} compression`, async () => {
      const client = new WebSocket(`ws://127.0.0.1:${served.port}/ws`, 'streamproof.echo', {
        perMessageDeflate: perMessageDeflate && { threshold: 0 },
      })
      const sent = ['', 'é€𝄞', 'same again', 'same again', 'x'.repeat(200_000)]
      const binary = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7) & 255))
      const received: (string | Buffer)[] = []
      await new Promise<void>((resolve, reject) => {
        client.on('error', reject)
        client.on('open', () => {
          for (const message of [...sent, binary]) client.send(message)
        })
        client.on('message', (data: Buffer, isBinary) => {
          received.push(isBinary ? data : data.toString())
          if (received.length === sent.length + 1) client.close(3001, 'done')
        })
        client.on('close', (code) => (code === 3001 ? resolve() : reject(new Error(`closed with ${code}`))))
      })
      expect(received).to.deep.equal([...sent, binary])
      expect(client.protocol).to.equal('streamproof.echo')
      expect(client.extensions).to.equal(perMessageDeflate ? 'permessage-deflate' : '')
    })
  }
})
