import http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { expect } from 'chai'
import type { PublishPlan } from '#peers/session/endpoint'
import { fillBytes, fillUrl } from '#peers/sse/publish'
import { Bench, caught, stream } from './sse-support.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

describe('publication templates', () => {
  it('fill in bytes, JSON and percent-encoding', () => {
    const event = { data: 'a"\n\u2028é', event: 'e&f', id: '1 2' }
    expect(Buffer.from(fillBytes('{data}|{event}|{id}', event)).toString()).to.equal('a"\n\u2028é|e&f|1 2')
    expect(Buffer.from(fillBytes('{"d":{json:data},"i":{json:id}}', event)).toString()).to.equal(
      '{"d":"a\\"\\n\u2028é","i":"1 2"}',
    )
    expect(text(fillBytes('d={url:data}&e={url:event}', event))).to.equal('d=a%22%0A%E2%80%A8%C3%A9&e=e%26f')
  })

  it('keep bytes that are not text', () => {
    const event = { data: Uint8Array.of(0x00, 0xff, 0x80) }
    expect(text(fillBytes('<{data}>', event))).to.equal('<\x00\xff\x80>')
    expect(text(fillBytes('{url:data}', event))).to.equal('%00%FF%80')
  })

  it('write a lone surrogate as a JSON escape', () => {
    expect(text(fillBytes('{json:data}', { data: '\ud800' }))).to.equal('"\\ud800"')
  })

  it('leave out what is not set', () => {
    const event = { data: 'x' }
    expect(text(fillBytes('{"id":{json:id},"event":"{event}"}', event))).to.equal('{"id":null,"event":""}')
    expect(fillUrl(new URL('http://h/p?a=1&id={id}&d={data}'), event).href).to.equal('http://h/p?a=1&d=x')
  })

  it('do not fill in placeholders in what was filled in', () => {
    expect(text(fillBytes('{data}{event}', { data: '{event}', event: '{data}' }))).to.equal('{event}{data}')
  })

  it('percent-encode every value in a URL', () => {
    const event = { data: 'a/b?c#d é', id: '../x' }
    expect(fillUrl(new URL('http://h/t/{id}?d={url:data}&e={data}'), event).href).to.equal(
      'http://h/t/..%2Fx?d=a%2Fb%3Fc%23d%20%C3%A9&e=a%2Fb%3Fc%23d%20%C3%A9',
    )
  })
})

describe('publish', () => {
  let bench: Bench
  beforeEach(() => (bench = new Bench()))
  afterEach(() => bench.close())

  async function publisher(status: number): Promise<{ plan: PublishPlan; seen: string[] }> {
    const seen: string[] = []
    const server = http.createServer((request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () => {
        seen.push(
          `${request.method} ${request.url} ${String(request.headers['x-id'])} ${Buffer.concat(parts).toString('latin1')}`,
        )
        response.writeHead(status).end('thanks')
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    bench.defer(() => {
      server.closeAllConnections()
      server.close()
    })
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/p`)
    const plan: PublishPlan = {
      url,
      method: 'PUT',
      headers: [['X-Id', '{id}']],
      body: '{data}',
      fields: new Set(['data', 'id']),
    }
    return { plan, seen }
  }

  it('sends one request for each event', async () => {
    const { plan, seen } = await publisher(202)
    const { publish } = bench.verbs(await bench.answering(stream('')), { publish: plan })
    await publish({ data: Uint8Array.of(0xff), id: '7' })
    await publish({ data: 'b' })
    expect(seen).to.deep.equal(['PUT /p 7 \xff', 'PUT /p undefined b'])
  })

  it('does not judge a target whose publisher fails', async () => {
    for (const status of [302, 404, 500]) {
      const { plan } = await publisher(status)
      const { publish } = bench.verbs(await bench.answering(stream('')), { publish: plan })
      expect(await caught(publish({ data: 'secret' }))).to.deep.equal({
        name: 'Inconclusive',
        reason: 'publish-failed',
        message: `publish-failed: the publisher answered ${status}`,
      })
    }
  })

  it('informs the scheduler of a publisher that limits the rate', async () => {
    for (const status of [429, 503]) {
      const { plan } = await publisher(status)
      const { publish } = bench.verbs(await bench.answering(stream('')), { publish: plan })
      expect(await caught(publish({ data: 'x' }))).to.include({ reason: 'publish-failed' })
      expect(bench.refused.splice(0)).to.deep.equal([`status-${status}`])
    }
  })

  it('reports a publisher that cannot be reached, and one that does not answer', async () => {
    const { plan } = await publisher(200)
    const dead = new URL('http://127.0.0.1:9/')
    const refused = bench.verbs(dead, { publish: { ...plan, url: dead } })
    expect(await caught(refused.publish({ data: 'x' }))).to.include({
      message: 'publish-failed: the publisher cannot be reached: ECONNREFUSED',
    })
    const mute = await bench.listen(() => undefined)
    const unanswered = bench.verbs(mute, { publish: { ...plan, url: mute }, timeScale: 0.02 })
    expect(await caught(unanswered.publish({ data: 'x' }))).to.include({
      message: 'publish-failed: the publisher cannot be reached: no response in time',
    })
  })

  it('proves by a barrier that earlier events have arrived', async () => {
    const { plan } = await publisher(200)
    const url = await bench.listen((socket) => {
      socket.on('data', (bytes) => {
        const request = bytes.toString()
        if (request.startsWith('GET')) socket.write(stream(''))
        else {
          // The publisher's connection: every other one is a subscriber.
          const body = request.split('\r\n\r\n')[1] ?? ''
          for (const other of sockets) if (other !== socket) other.write(`data: ${body}\n\n`)
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
        }
      })
      sockets.add(socket)
    })
    const sockets = new Set<Socket>()
    const { subscribe, publish } = bench.verbs(url, { publish: { ...plan, url, headers: [] } })
    const sse = await subscribe()
    await publish({ data: 'first' })
    await sse.barrier()
    expect(sse.events.map(({ data }) => data.replace(/[a-z0-9]{16}$/, 'N'))).to.deep.equal([
      'first',
      'streamproof barrier N',
    ])
    expect(sse.trace.roundTrips).to.have.length(2)
    await sse.expectOpen()
  })
})

const answer = (status: string): string => `HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`

describe('tryPublish', () => {
  let bench: Bench
  beforeEach(() => (bench = new Bench()))
  afterEach(() => bench.close())

  const publisherOf = async (status: string) => {
    const url = await bench.answering(answer(status))
    return bench.verbs(url, {
      publish: {
        url,
        method: 'POST',
        headers: [['X-Event', '{event}']],
        body: '{data}',
        fields: new Set(['data', 'event'] as const),
      },
    })
  }

  it('is rejected if the publisher answers with an error status', async () => {
    expect(await (await publisherOf('204 No Content')).tryPublish({ data: 'x' })).to.equal('accepted')
    expect(await (await publisherOf('400 Bad Request')).tryPublish({ data: 'x' })).to.equal('rejected')
    expect(await (await publisherOf('500 Oops')).tryPublish({ data: 'x' })).to.equal('rejected')
  })

  it('is rejected if HTTP cannot carry the event in its place', async () => {
    expect(await (await publisherOf('204 No Content')).tryPublish({ data: 'x', event: 'a\nb' })).to.equal(
      'rejected',
    )
  })

  it('does not judge a publisher that cannot be reached', async () => {
    const url = new URL('http://127.0.0.1:9/')
    const verbs = bench.verbs(url, {
      publish: { url, method: 'POST', headers: [], body: '{data}', fields: new Set(['data'] as const) },
    })
    expect(await caught(verbs.tryPublish({ data: 'x' }))).to.include({
      name: 'Inconclusive',
      reason: 'publish-failed',
    })
  })
})
