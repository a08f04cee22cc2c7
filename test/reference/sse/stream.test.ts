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

/** Longer than a test, in ms: no heartbeat is sent. */
const noHeartbeatMs = 60_000

/** The events of the response, parsed by an independent library. */
function parsed(response: string): EventSourceMessage[] {
  const events: EventSourceMessage[] = []
  const parser = createParser({ onEvent: (event) => events.push(event) })
  parser.feed(Buffer.from(unchunked(response), 'latin1').toString('utf8'))
  return events
}

describe('the event stream of the reference', () => {
  let reference: Reference

  before(async () => {
    reference = await startReference({ heartbeatMs: noHeartbeatMs })
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

  it('writes an event as id, event, data and a blank line', async () => {
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
    it(`sends ${JSON.stringify(data)} so that a parser restores it`, async () => {
      await using client = await RawClient.get(reference.http)
      await client.until('retry: 1000')
      const { id } = await publish(reference.publish, { data })
      await publish(reference.publish, { data: 'next event' })
      const events = parsed(await client.until('data: next event\n\n'))
      expect(events[0]).to.deep.equal({ id, event: undefined, data: data.replaceAll('\r\n', '\n') })
    })
  }

  it('replaces bytes that are not UTF-8, and lone surrogates, with U+FFFD', async () => {
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

  it('sends every client the same event with the same id', async () => {
    await using firstClient = await RawClient.get(reference.http)
    await using secondClient = await RawClient.get(reference.http)
    await Promise.all([firstClient.until('retry: 1000'), secondClient.until('retry: 1000')])
    await publish(reference.publish, { data: 'to all' })
    const [first, second] = await Promise.all([
      firstClient.until('to all\n\n'),
      secondClient.until('to all\n\n'),
    ])
    expect(parsed(first)).to.deep.equal(parsed(second))
  })

  it('sends comments as heartbeats', async () => {
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

  it('ignores bytes after the request', async () => {
    await using client = await RawClient.get(reference.http)
    await client.until('retry: 1000')
    client.socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n\0\0garbage')
    await publish(reference.publish, { data: 'still there' })
    expect(await client.until('still there')).to.not.match(/HTTP\/1\.1[^]*HTTP\/1\.1/)
  })

  it('answers HEAD with the same head and no content', async () => {
    await using client = await RawClient.ask(reference.http, [
      'HEAD /events HTTP/1.1',
      `Host: ${reference.http.host}`,
    ])
    expect(await client.untilEnd()).to.match(/^HTTP\/1\.1 200 OK\r\n[^]*text\/event-stream[^]*\r\n\r\n$/)
  })

  it('rejects other methods with 405 and Allow, unknown methods with 501', async () => {
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

  it('rejects a host that is not its own', async () => {
    await using client = await RawClient.ask(reference.http, [
      'GET /events HTTP/1.1',
      'Host: rebound.example',
    ])
    expect(await client.untilEnd()).to.match(/^HTTP\/1\.1 421 /)
  })

  it('drops a client that reads nothing, as soon as 8192 events wait for it', () => {
    const stuck = new Duplex({ highWaterMark: 1, read: () => undefined, write: () => undefined }) as Socket
    const stream = new ClientStream(stuck, new Channel(strictSse), strictSse, true)
    const event = { sequence: 1, id: '1', name: null, data: Buffer.from('x') }
    // The first event is written, and fills the socket.
    for (let count = 0; count < 1 + 8192; count += 1) stream.deliver(event)
    expect(stuck.destroyed).to.equal(false)
    stream.deliver(event)
    expect(stuck.destroyed).to.equal(true)
  })
})
