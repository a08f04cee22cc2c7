import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

import { expect } from 'chai'

import { ToxiproxyClient } from '#proxies/driver/api/client'
import { cutAfter, latency, linkDown } from '#proxies/faults'
import { parseConnectionLog } from '#proxies/driver/api/connection-log'
import { DrivenProxy } from '#proxies/driver/fault-proxy'

/** A connection as the embedded engine's API shows it. */
const logEntry = (number: number, ending: string | null, ...events: readonly object[]): object => ({
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

describe('parseConnectionLog', () => {
  it('finds the connections on which the toxic acted', () => {
    const other = logEntry(3, null, event('hit', 0, 'limit_data-2'))
    const log = {
      connections: [logEntry(1, null), logEntry(2, 'end by x', event('hit'), event('end', 40)), other],
    }
    expect(parseConnectionLog(log, toxics)).to.deep.equal([
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

  it('finds the connections that ended because the link went down', () => {
    const log = { connections: [logEntry(1, 'fin by client'), logEntry(2, 'stopped'), logEntry(3, null)] }
    const records = parseConnectionLog(log, null)
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
    it(`parses the ending "${ending}"`, () => {
      const log = { connections: [logEntry(1, ending, event('hit'))] }
      expect(parseConnectionLog(log, toxics)?.[0]?.ending).to.deep.equal({ by, how })
    })
  }

  it('parses an unknown ending as null', () => {
    for (const ending of [null, 'struck by lightning', 'fin by somebody']) {
      const log = { connections: [logEntry(1, ending, event('hit'))] }
      expect(parseConnectionLog(log, toxics)?.[0]?.ending).to.equal(null)
    }
  })

  it('leaves out older connections if the toxic also acted on newer ones', () => {
    const older = logEntry(1, 'fin by client', event('hit', 400))
    const newer = logEntry(2, 'end by x', event('hit'))
    const numbers = (...connections: readonly object[]): readonly number[] | undefined =>
      parseConnectionLog({ connections }, toxics)?.map(({ connection }) => connection)
    expect(numbers(older, newer)).to.deep.equal([2])
    expect(numbers(older)).to.deep.equal([1])
  })

  it('reports five connections at most', () => {
    const connections = Array.from({ length: 900 }, (_, index) => logEntry(index + 1, null, event('hit')))
    expect(parseConnectionLog({ connections }, toxics)?.map(({ connection }) => connection)).to.deep.equal([
      1, 2, 3, 4, 5,
    ])
  })

  it('rejects a log with an invalid member', () => {
    const valid = logEntry(1, null, event('hit'))
    const wrong: readonly unknown[] = [
      null,
      'log',
      [],
      {},
      { connections: {} },
      { connections: [null] },
      { connections: [valid, 7] },
      ...['number', 'bytes', 'durationMs', 'events'].map((name) => ({
        connections: [{ ...valid, [name]: 'x' }],
      })),
      { connections: [{ ...valid, number: -1 }] },
    ]
    for (const body of wrong) expect(parseConnectionLog(body, toxics), JSON.stringify(body)).to.equal(null)
  })

  it('lets no control characters of a server into a report', () => {
    const hostile = { ...event('hit'), type: 'a\u001b[31m' }
    expect(parseConnectionLog({ connections: [logEntry(1, 'a\u001b[31m', hostile)] }, toxics)).to.deep.equal(
      [],
    )
  })
})

describe('DrivenProxy.loggedConnections', () => {
  const closers: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0)) await close()
  })

  async function proxyAt(listener: RequestListener, keepsLog = true): Promise<DrivenProxy> {
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
    return new DrivenProxy(client, { name: 'p', host: '127.0.0.1', port: 1, keepsLog }, () => undefined)
  }
  const fault = cutAfter({ bytes: 40, direction: 'server-to-client' })
  const limitMs = 5000

  it('finds the connections of the fault that was set', async () => {
    const asked: (string | undefined)[] = []
    const proxy = await proxyAt((request, response) => {
      asked.push(request.url)
      response.end(JSON.stringify({ connections: [logEntry(1, 'stopped'), logEntry(2, null, event('hit'))] }))
    })
    await proxy.setFaults([fault])
    expect(
      (await proxy.loggedConnections(fault, limitMs))?.map(({ connection }) => connection),
    ).to.deep.equal([2])
    expect(
      (await proxy.loggedConnections(linkDown({ ms: 1 }), limitMs))?.map(({ connection }) => connection),
    ).to.deep.equal([1])
    expect(
      await proxy.loggedConnections(latency({ ms: 1, direction: 'client-to-server' }), limitMs),
      'a fault that was never set',
    ).to.deep.equal([])
    expect(asked).to.deep.equal([
      '/proxies/p/connections',
      '/proxies/p/connections',
      '/proxies/p/connections',
    ])
  })

  it('sends no request to a real Toxiproxy', async () => {
    const proxy = await proxyAt(() => expect.fail('a request was sent'), false)
    await proxy.setFaults([fault])
    expect(await proxy.loggedConnections(fault, limitMs)).to.equal(null)
  })

  for (const [answer, listener, withinMs = limitMs] of [
    ['has no log', (_, response) => void response.writeHead(404).end('404 page not found')],
    ['fails', (_, response) => void response.writeHead(500).end('{"error":"x"}')],
    ['answers something that is not JSON', (_, response) => void response.end('<html>')],
    ['answers an empty body', (_, response) => void response.end()],
    ['answers more than 1 MiB', (_, response) => void response.end(' '.repeat(2 ** 21))],
    ['ends the connection', (_, response) => void response.destroy()],
    ['does not answer', () => undefined, 30],
    ['does not finish its answer', (_, response) => void response.write('{"connections": ['), 30],
  ] as readonly (readonly [string, RequestListener, number?])[]) {
    it(`is null if the engine ${answer}`, async () => {
      const proxy = await proxyAt(listener)
      await proxy.setFaults([fault])
      expect(await proxy.loggedConnections(fault, withinMs)).to.equal(null)
    })
  }
})
