import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

import { expect } from 'chai'

import { ToxiproxyClient } from '#proxies/driver/api/client'
import { cutAfter, latency, linkDown } from '#proxies/faults'
import { recordsIn } from '#proxies/driver/api/connection-log'
import { OpenLink } from '#proxies/driver/fault-proxy'

/** A connection as the embedded engine shows it. */
const shown = (number: number, ending: string | null, ...events: readonly object[]): object => ({
  number,
  client: '127.0.0.1:50000',
  upstream: '127.0.0.1:80',
  accepted: '2026-11-23T20:15:30.250Z',
  state: ending === null ? 'open' : 'closed',
  ending,
  durationMs: 12.3456,
  bytes: { upstream: { received: 100, sent: 90 }, downstream: { received: 50, sent: 40 } },
  events,
})
const event = (what: string, byte = 0, toxic = 'limit_data-1'): object => ({
  ms: 1.2345,
  what,
  toxic,
  type: 'limit_data',
  stream: 'downstream',
  byte,
})
const toxics = new Set(['limit_data-1'])

describe('the event log of an engine', () => {
  it('is read for the connections that the toxic met', () => {
    const other = shown(3, null, event('hit', 0, 'limit_data-2'))
    const log = { connections: [shown(1, null), shown(2, 'end by x', event('hit'), event('end', 40)), other] }
    expect(recordsIn(log, toxics)).to.deep.equal([
      {
        connection: 2,
        hit: { toxic: 'limit_data', direction: 'server-to-client', byte: 0, ms: 1.23 },
        ending: { by: 'proxy', how: 'fin' },
        durationMs: 12.35,
        clientToServerBytes: 90,
        serverToClientBytes: 40,
      },
    ])
  })

  it('is read for the connections that ended with the link', () => {
    const log = { connections: [shown(1, 'fin by client'), shown(2, 'stopped'), shown(3, null)] }
    const records = recordsIn(log, null)
    expect(records?.map(({ connection, hit, ending }) => [connection, hit, ending])).to.deep.equal([
      [2, null, { by: 'proxy', how: 'down' }],
    ])
  })

  for (const [ending, by, how] of [
    ['end by limit_data-1', 'proxy', 'fin'],
    ['reset by reset_peer-2', 'proxy', 'rst'],
    ['fin by client', 'harness', 'fin'],
    ['rst by client', 'harness', 'rst'],
    ['fin by upstream', 'target', 'fin'],
    ['rst by upstream', 'target', 'rst'],
    ['refused', 'proxy', 'refused'],
    ['stopped', 'proxy', 'down'],
  ] as const) {
    it(`knows the ending "${ending}"`, () => {
      const log = { connections: [shown(1, ending, event('hit'))] }
      expect(recordsIn(log, toxics)?.[0]?.ending).to.deep.equal({ by, how })
    })
  }

  it('says nothing of an ending that it does not know', () => {
    for (const ending of [null, 'struck by lightning', 'fin by somebody']) {
      const log = { connections: [shown(1, ending, event('hit'))] }
      expect(recordsIn(log, toxics)?.[0]?.ending).to.equal(null)
    }
  })

  it('leaves out a control that was still being closed when the toxic came, but not a connection that it struck alive', () => {
    const late = shown(1, 'fin by client', event('hit', 400))
    const meant = shown(2, 'end by x', event('hit'))
    const numbers = (...connections: readonly object[]): readonly number[] | undefined =>
      recordsIn({ connections }, toxics)?.map(({ connection }) => connection)
    expect(numbers(late, meant)).to.deep.equal([2])
    expect(numbers(late)).to.deep.equal([1])
  })

  it('is told of a few connections at most', () => {
    const connections = Array.from({ length: 900 }, (_, index) => shown(index + 1, null, event('hit')))
    expect(recordsIn({ connections }, toxics)?.map(({ connection }) => connection)).to.deep.equal([
      1, 2, 3, 4, 5,
    ])
  })

  it('is none where anything in it is not as it should be', () => {
    const whole = shown(1, null, event('hit'))
    const wrong: readonly unknown[] = [
      null,
      'log',
      [],
      {},
      { connections: {} },
      { connections: [null] },
      { connections: [whole, 7] },
      ...['number', 'bytes', 'durationMs', 'events'].map((name) => ({
        connections: [{ ...whole, [name]: 'x' }],
      })),
      { connections: [{ ...whole, number: -1 }] },
    ]
    for (const body of wrong) expect(recordsIn(body, toxics), JSON.stringify(body)).to.equal(null)
  })

  it('brings no foreign text into a report', () => {
    const odd = { ...event('hit'), type: 'a\u001b[31m' }
    expect(recordsIn({ connections: [shown(1, 'a\u001b[31m', odd)] }, toxics)).to.deep.equal([])
  })
})

describe('a link asked for what its engine noted', () => {
  const closers: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0)) await close()
  })

  async function linkAt(listener: RequestListener, keepsLog = true): Promise<OpenLink> {
    const server = createServer((request, response) => {
      if (request.method === 'POST') response.end('{"name":"limit_data-1"}')
      else listener(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      return closed
    })
    const client = new ToxiproxyClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    return new OpenLink(client, { name: 'p', host: '127.0.0.1', port: 1, keepsLog }, () => undefined)
  }
  const fault = cutAfter({ bytes: 40, direction: 'server-to-client' })
  const limitMs = 5000

  it('tells it', async () => {
    const asked: (string | undefined)[] = []
    const link = await linkAt((request, response) => {
      asked.push(request.url)
      response.end(JSON.stringify({ connections: [shown(1, 'stopped'), shown(2, null, event('hit'))] }))
    })
    await link.setFaults([fault])
    expect((await link.loggedConnections(fault, limitMs))?.map(({ connection }) => connection)).to.deep.equal(
      [2],
    )
    expect(
      (await link.loggedConnections(linkDown({ ms: 1 }), limitMs))?.map(({ connection }) => connection),
    ).to.deep.equal([1])
    expect(
      await link.loggedConnections(latency({ ms: 1, direction: 'client-to-server' }), limitMs),
      'a fault that was never set',
    ).to.deep.equal([])
    expect(asked).to.deep.equal([
      '/proxies/p/connections',
      '/proxies/p/connections',
      '/proxies/p/connections',
    ])
  })

  it('asks nothing where the engine is a real Toxiproxy', async () => {
    const link = await linkAt(() => expect.fail('it was asked'), false)
    await link.setFaults([fault])
    expect(await link.loggedConnections(fault, limitMs)).to.equal(null)
  })

  for (const [what, listener, within = limitMs] of [
    ['has no log', (_, response) => void response.writeHead(404).end('404 page not found')],
    ['fails', (_, response) => void response.writeHead(500).end('{"error":"x"}')],
    ['answers something else', (_, response) => void response.end('<html>')],
    ['answers an empty body', (_, response) => void response.end()],
    ['answers more than anybody would read', (_, response) => void response.end(' '.repeat(2 ** 21))],
    ['hangs up', (_, response) => void response.destroy()],
    ['does not answer', () => undefined, 30],
    ['does not come to an end', (_, response) => void response.write('{"connections": ['), 30],
  ] as readonly (readonly [string, RequestListener, number?])[]) {
    it(`tells nothing where the engine ${what}`, async () => {
      const link = await linkAt(listener)
      await link.setFaults([fault])
      expect(await link.loggedConnections(fault, within)).to.equal(null)
    })
  }
})
