import { expect } from 'chai'

import { startEngineServer } from '#proxies/embedded/server/server'
import type { EngineServer } from '#proxies/embedded/server/server'
import type { ConnectionJson } from '#proxies/embedded/proxy/connection-log'
import { TurnTimer, Upstream, Wire, quiet, until } from '../../wire.ts'

/** More than the kernel holds for two sockets. */
const flood = Buffer.alloc(16 * 1024 * 1024)

/** Time limit of a call. A busy machine may hold the process up for longer, so the limit is counted in turns of a timer. */
const callLimitMs = 1000

/** Toxiproxy's own server goes into a deadlock here: these tests are for the embedded engine alone. */
describe('engine with blocked connections', () => {
  let engine: EngineServer
  let upstream: Upstream
  let accepted: Wire[]
  let clients: Wire[]
  let port = 0

  const api = async (method: string, path: string, body?: unknown) => {
    using timer = new TurnTimer(50)
    const response = await fetch(engine.url + path, {
      method,
      signal: AbortSignal.timeout(30_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: response.status, text: await response.text(), elapsedMs: timer.elapsedMs }
  }

  const receivedBytes = async (): Promise<readonly number[]> => {
    const { text } = await api('GET', '/proxies/p/connections')
    const { connections } = JSON.parse(text) as { readonly connections: readonly ConnectionJson[] }
    return connections.map(({ bytes }) => bytes.downstream.received)
  }

  /** Connects clients that do not read, and then lets the upstream send to all of them until nothing moves. */
  const block = async (count: number): Promise<void> => {
    clients = await Promise.all(Array.from({ length: count }, () => Wire.connect(port)))
    for (const client of clients) client.socket.pause()
    await until('all connections reach the upstream', () => accepted.length === count)
    for (const { socket } of accepted) socket.write(flood)
    await quiet('all connections are blocked', async () =>
      (await receivedBytes()).reduce((sum, bytes) => sum + bytes, 0),
    )
    expect((await receivedBytes()).filter((bytes) => bytes < flood.length)).to.have.length(count)
  }

  beforeEach(async () => {
    engine = await startEngineServer({ host: '127.0.0.1', port: 0, seed: 1 })
    accepted = []
    upstream = await Upstream.open((wire) => {
      accepted.push(wire)
      void wire.ended.then(() => wire.socket.destroy())
    })
    const created = await api('POST', '/proxies', {
      name: 'p',
      listen: '127.0.0.1:0',
      upstream: `127.0.0.1:${upstream.port}`,
    })
    port = Number(/:(\d+)"/.exec(created.text)?.[1])
    clients = []
  })

  afterEach(async () => {
    for (const client of clients) client.socket.destroy()
    await engine.close()
    await upstream.close()
  })

  it('answers every call within a second while 100 connections are blocked', async function () {
    this.timeout(60_000)
    await block(100)
    const toxics = '/proxies/p/toxics'
    const calls: readonly (readonly [method: string, path: string, body?: unknown])[] = [
      ['POST', toxics, { type: 'latency', attributes: { latency: 10 } }],
      ['POST', toxics, { type: 'slicer', attributes: { average_size: 10 } }],
      ['POST', toxics, { type: 'bandwidth', attributes: { rate: 1 } }],
      ['PATCH', `${toxics}/latency_downstream`, { attributes: { latency: 20 } }],
      ['PATCH', `${toxics}/bandwidth_downstream`, { toxicity: 0.5 }],
      ['GET', '/proxies'],
      ['DELETE', `${toxics}/slicer_downstream`],
      ['DELETE', `${toxics}/latency_downstream`],
      ['POST', toxics, { type: 'stall', attributes: { duration: 60_000 } }],
      ['GET', '/proxies/p/connections'],
      ['POST', '/reset'],
      ['POST', '/proxies', { name: 'q', listen: '127.0.0.1:0', upstream: `127.0.0.1:${upstream.port}` }],
      ['POST', '/proxies/p/connections', { action: 'reset', connections: [1, 2, 3] }],
      ['PATCH', '/proxies/p', { enabled: false }],
      ['PATCH', '/proxies/p', { enabled: true }],
      ['DELETE', '/proxies/p'],
    ]
    for (const [method, path, body] of calls) {
      const answer = await api(method, path, body)
      expect(answer.status, `${method} ${path}: ${answer.text}`).to.be.within(200, 204)
      expect(answer.elapsedMs, `${method} ${path}`).to.be.at.most(callLimitMs)
    }
  })

  it('passes every byte on once the clients read', async function () {
    this.timeout(60_000)
    await block(4)
    await api('POST', '/proxies/p/toxics', { type: 'latency', attributes: { latency: 5 } })
    await api('PATCH', '/proxies/p/toxics/latency_downstream', { attributes: { latency: 10 } })
    await api('DELETE', '/proxies/p/toxics/latency_downstream')
    for (const client of clients) client.socket.resume()
    await Promise.all(clients.map((client) => client.got(flood.length)))
  })
})
