import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { expect } from 'chai'
import { createParser } from 'eventsource-parser'
import type { EventSourceMessage } from 'eventsource-parser'
import { Channel } from '#reference/sse/channel'
import { strictSse } from '#reference/sse/rules'
import { ClientStream } from '#reference/sse/stream'
import { startReference } from '#reference/start'
import type { Reference } from '#reference/start'
import { RawClient, publish, unchunked } from '../raw-client.ts'

const quiet = 60_000

/** What a parser that nobody here wrote makes of the stream up to here. */
function parsed(response: string): EventSourceMessage[] {
  const events: EventSourceMessage[] = []
  const parser = createParser({ onEvent: (event) => events.push(event) })
  parser.feed(Buffer.from(unchunked(response), 'latin1').toString('utf8'))
  return events
}

describe('the event stream of the reference', () => {
  let reference: Reference

  before(async () => {
    reference = await startReference({ heartbeatMs: quiet })
  })

  after(() => reference.close())

  it('sends its head and opening at once', async () => {
    await using client = await RawClient.get(reference.http)
    const response = await client.until('retry: 1000\n\n\r\n')
    expect(response.replace(/Date: .*\r\n/, '')).to.equal(
      'HTTP/1.1 200 OK\r\n' +
        'Content-Type: text/event-stream; charset=utf-8\r\n' +
        'Cache-Control: no-store, no-transform\r\n' +
        'X-Accel-Buffering: no\r\n' +
        'X-Content-Type-Options: nosniff\r\n' +
        'Vary: Origin\r\n' +
        'Transfer-Encoding: chunked\r\n' +
        'Connection: close\r\n' +
        '\r\n' +
        '37\r\n' +
        ': an event stream of the reference server\nretry: 1000\n\n\r\n',
    )
  })

  it('writes an event as id, event, data and an empty line', async () => {
    await using client = await RawClient.get(reference.http)
    await client.until('retry: 1000')
    await publish(reference.publish, { data: 'a\nb\rc\r\nd', event: 'news', id: 'é1' })
    const response = await client.until('data: d\n\n')
    expect(Buffer.from(unchunked(response), 'latin1').toString()).to.match(
      /retry: 1000\n\nid: é1\nevent: news\ndata: a\ndata: b\ndata: c\ndata: d\n\n$/,
    )
  })

  for (const data of [
    '',
    ' x',
    'a: b',
    ':',
    '\n',
    'x\n',
    '\u2028\u0085\v\f',
    '\0',
    '\uFEFFx',
    '😀',
    'id: 1',
  ]) {
    it(`carries ${JSON.stringify(data)} so that a parser gives it back`, async () => {
      await using client = await RawClient.get(reference.http)
      await client.until('retry: 1000')
      const { id } = await publish(reference.publish, { data })
      await publish(reference.publish, { data: 'behind it' })
      const events = parsed(await client.until('data: behind it\n\n'))
      expect(events[0]).to.deep.equal({ id, event: undefined, data: data.replaceAll('\r\n', '\n') })
    })
  }

  it('makes U+FFFD of bytes that are no UTF-8, and of lone surrogates', async () => {
    await using client = await RawClient.get(reference.http)
    await client.until('retry: 1000')
    await fetch(reference.publish, {
      method: 'POST',
      body: new Uint8Array([0x61, 0xff, 0xed, 0xa0, 0x80, 0x62]),
    })
    await publish(reference.publish, { data: 'x\ud800y' })
    const response = await client.until('y\n\n')
    expect(parsed(response).map(({ data }) => data)).to.deep.equal(['a\uFFFD\uFFFD\uFFFD\uFFFDb', 'x\uFFFDy'])
  })

  it('gives every client the same event under the same id', async () => {
    await using one = await RawClient.get(reference.http)
    await using other = await RawClient.get(reference.http)
    await Promise.all([one.until('retry: 1000'), other.until('retry: 1000')])
    await publish(reference.publish, { data: 'to all' })
    const [first, second] = await Promise.all([one.until('to all\n\n'), other.until('to all\n\n')])
    expect(parsed(first)).to.deep.equal(parsed(second))
  })

  it('beats by a comment', async () => {
    await using beating = await startReference({ heartbeatMs: 10 })
    await using client = await RawClient.get(beating.http)
    expect(await client.until('d\r\n: heartbeat\n\n\r\n')).to.be.a('string')
  })

  it('serves HTTP/1.0 without chunks', async () => {
    await using client = await RawClient.ask(reference.http, ['GET /events HTTP/1.0'])
    const response = await client.until('retry: 1000\n\n')
    expect(response).to.not.include('Transfer-Encoding')
    expect(response).to.match(/\r\n\r\n: an event stream/)
  })

  it('ignores what comes behind the request', async () => {
    await using client = await RawClient.get(reference.http)
    await client.until('retry: 1000')
    client.socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n\0\0garbage')
    await publish(reference.publish, { data: 'still there' })
    expect(await client.until('still there')).to.not.match(/HTTP\/1\.1[^]*HTTP\/1\.1/)
  })

  it('answers HEAD with the same head, and nothing behind it', async () => {
    await using client = await RawClient.ask(reference.http, [
      'HEAD /events HTTP/1.1',
      `Host: ${reference.http.host}`,
    ])
    expect(await client.untilEnd()).to.match(/^HTTP\/1\.1 200 OK\r\n[^]*text\/event-stream[^]*\r\n\r\n$/)
  })

  it('refuses other methods with 405 and Allow, unknown ones with 501', async () => {
    await using known = await RawClient.ask(reference.http, [
      'DELETE /events HTTP/1.1',
      `Host: ${reference.http.host}`,
    ])
    expect(await known.untilEnd()).to.match(/^HTTP\/1\.1 405 [^]*\r\nAllow: GET, HEAD, OPTIONS\r\n/)
    await using unknown = await RawClient.ask(reference.http, [
      'BREW /events HTTP/1.1',
      `Host: ${reference.http.host}`,
    ])
    expect(await unknown.untilEnd()).to.match(/^HTTP\/1\.1 501 /)
  })

  it('refuses a host that is not its own', async () => {
    await using client = await RawClient.ask(reference.http, [
      'GET /events HTTP/1.1',
      'Host: rebound.example',
    ])
    expect(await client.untilEnd()).to.match(/^HTTP\/1\.1 421 /)
  })

  it('cuts off a client that takes nothing, once 8192 events wait for it', () => {
    const stuck = new Duplex({ highWaterMark: 1, read: () => undefined, write: () => undefined }) as Socket
    const stream = new ClientStream(stuck, new Channel(strictSse), strictSse, true)
    const event = { sequence: 1, id: '1', name: null, data: Buffer.from('x') }
    // The first one is written, and fills the socket.
    for (let count = 0; count < 1 + 8192; count += 1) stream.deliver(event)
    expect(stuck.destroyed).to.equal(false)
    stream.deliver(event)
    expect(stuck.destroyed).to.equal(true)
  })
})
