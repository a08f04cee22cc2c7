import { expect } from 'chai'
import { Raw, request, sample, serve } from './raw.ts'
import type { Served } from './raw.ts'

describe('reference: opening handshake', () => {
  let served: Served
  before(async () => {
    served = await serve()
  })
  after(() => served[Symbol.asyncDispose]())

  async function answer(lines: readonly string[] | string): Promise<string> {
    using raw = new Raw(served.port)
    raw.send(typeof lines === 'string' ? lines : request(lines))
    return await raw.head()
  }

  async function status(lines: readonly string[] | string): Promise<string> {
    return (await answer(lines)).slice(9, 12)
  }

  const without = (name: string): string[] => sample.filter((line) => !line.startsWith(`${name}:`))
  const replaced = (name: string, value: string): string[] =>
    sample.map((line) => (line.startsWith(`${name}:`) ? `${name}: ${value}` : line))

  it('answers the sample handshake of RFC 6455 1.3 byte for byte', async () => {
    expect(await answer(sample)).to.equal(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
    )
  })

  it('accepts every form that the grammar allows', async () => {
    const allowed = [
      sample
        .toReversed()
        .filter((line) => !line.startsWith('GET'))
        .reduce((lines, line) => [...lines, line], ['GET /ws HTTP/1.1']),
      replaced('Upgrade', 'WEBSOCKET'),
      replaced('Connection', 'keep-alive, UPGRADE'),
      sample.map((line, index) =>
        index === 0 ? line : line.toLowerCase().replace(/key: .*/, 'key:\t dGhlIHNhbXBsZSBub25jZQ== '),
      ),
      ['GET http://server.example.com/ws HTTP/1.1', ...sample.slice(1)],
      [...sample, 'X-Unknown: 1', 'Sec-WebSocket-Foo: bar'],
      [...sample, 'Sec-WebSocket-Protocol: chat', 'Sec-WebSocket-Protocol: streamproof.echo'],
    ]
    expect(await Promise.all(allowed.map(status))).to.deep.equal(allowed.map(() => '101'))
  })

  const invalid: readonly (readonly [
    violation: string,
    lines: readonly string[] | string,
    status: string,
  ])[] = [
    ['POST', ['POST /ws HTTP/1.1', ...sample.slice(1)], '405'],
    ['HTTP/1.0', ['GET /ws HTTP/1.0', ...sample.slice(1)], '400'],
    ['no Upgrade', without('Upgrade'), '426'],
    ['another Upgrade', replaced('Upgrade', 'h2c'), '426'],
    ['no Connection', without('Connection'), '426'],
    ['Connection without upgrade', replaced('Connection', 'keep-alive'), '426'],
    ['no key', without('Sec-WebSocket-Key'), '400'],
    ['a key of 15 bytes', replaced('Sec-WebSocket-Key', 'AAAAAAAAAAAAAAAAAAAA'), '400'],
    ['a key of 17 bytes', replaced('Sec-WebSocket-Key', 'AAAAAAAAAAAAAAAAAAAAAAA='), '400'],
    ['a key that is not base64', replaced('Sec-WebSocket-Key', '!!!!!!!!!!!!!!!!!!!!!!=='), '400'],
    ['two keys', [...sample, 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='], '400'],
    ['no version', without('Sec-WebSocket-Version'), '426'],
    ['version 99', replaced('Sec-WebSocket-Version', '99'), '426'],
    ['version 013', replaced('Sec-WebSocket-Version', '013'), '426'],
    ['two versions', [...sample, 'Sec-WebSocket-Version: 13'], '426'],
    ['no Host', without('Host'), '400'],
    ['two Hosts', [...sample, 'Host: server.example.com'], '400'],
    ['a denied origin', [...sample, 'Origin: https://evil.example'], '403'],
    ['an empty offer of subprotocols', [...sample, 'Sec-WebSocket-Protocol:'], '400'],
    ['a subprotocol that is not a token', [...sample, 'Sec-WebSocket-Protocol: ch at'], '400'],
    ['a subprotocol offered twice', [...sample, 'Sec-WebSocket-Protocol: chat, chat'], '400'],
    ['extensions without a name', [...sample, 'Sec-WebSocket-Extensions: ;;'], '400'],
    ['a parameter without a name', [...sample, 'Sec-WebSocket-Extensions: permessage-deflate; =1'], '400'],
    ['a parameter without its value', [...sample, 'Sec-WebSocket-Extensions: foo; a='], '400'],
    ['an unclosed quoted string', [...sample, 'Sec-WebSocket-Extensions: foo; a="b'], '400'],
    ['a space before the colon', [...sample, 'X-Foo : 1'], '400'],
    ['a line without a colon', [...sample, 'X-Foo'], '400'],
    ['a folded line', [...sample, 'X-Foo: 1', ' 2'], '400'],
    ['a NUL in a header value', [...sample, 'X-Foo: \0'], '400'],
    ['bare line feeds', `${sample.join('\n')}\n\n`, '400'],
    ['a head of 64 KiB', [...sample, `X-Foo: ${'a'.repeat(65_536)}`], '431'],
    ['a request line of 64 KiB', [`GET /${'a'.repeat(65_536)} HTTP/1.1`, ...sample.slice(1)], '414'],
  ]
  for (const [violation, lines, expected] of invalid) {
    it(`rejects ${violation} with ${expected}`, async () => {
      expect(await status(lines)).to.equal(expected)
    })
  }

  it('names version 13 when it rejects another version', async () => {
    expect(await answer(replaced('Sec-WebSocket-Version', '99'))).to.match(
      /\r\nSec-WebSocket-Version: 13\r\n/,
    )
  })

  it('reads a request head that arrives in 1-byte segments', async () => {
    using raw = new Raw(served.port)
    await raw.sendSlowly(Buffer.from(request(sample)))
    expect(await raw.head()).to.match(/^HTTP\/1\.1 101 /)
  })

  it('closes the connection after a rejection and processes no frame', async () => {
    using raw = new Raw(served.port)
    raw.send(`${request(without('Sec-WebSocket-Key'))}\x89\x80\x00\x00\x00\x00`)
    await raw.head()
    expect(Buffer.from(await raw.rest(), 'hex').toString()).to.equal('invalid handshake: key-missing\n')
  })

  const deflate: readonly (readonly [offer: string, answer: string | null])[] = [
    ['permessage-deflate', 'permessage-deflate'],
    ['x-foo, permessage-deflate', 'permessage-deflate'],
    ['permessage-deflate; foo=1', null],
    ['permessage-deflate; foo=1, permessage-deflate', 'permessage-deflate'],
    ['permessage-deflate; server_max_window_bits=16', null],
    ['permessage-deflate; server_max_window_bits=7', null],
    ['permessage-deflate; server_max_window_bits=08', null],
    ['permessage-deflate; server_max_window_bits', null],
    ['permessage-deflate; server_no_context_takeover=1', null],
    ['permessage-deflate; server_no_context_takeover; server_no_context_takeover', null],
    ['permessage-deflate; server_max_window_bits="10"', 'permessage-deflate; server_max_window_bits=10'],
    ['permessage-deflate; client_max_window_bits', 'permessage-deflate; client_max_window_bits=15'],
    ['permessage-deflate; client_max_window_bits=9', 'permessage-deflate; client_max_window_bits=9'],
    [
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
    ],
  ]
  for (const [offer, expected] of deflate) {
    it(`answers the offer ${offer} with ${expected ?? 'none'}`, async () => {
      const head = await answer([...sample, `Sec-WebSocket-Extensions: ${offer}`])
      expect(/Sec-WebSocket-Extensions: (.*)\r\n/.exec(head)?.[1] ?? null).to.equal(expected)
    })
  }
})
