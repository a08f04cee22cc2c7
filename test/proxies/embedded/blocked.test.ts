import { expect } from 'chai'

import { startEngineServer } from '#proxies/embedded/server/server'
import type { EngineServer } from '#proxies/embedded/server/server'
import type { ConnectionJson } from '#proxies/embedded/proxy/connection-log'
import { Upstream, Wire, quiet, until } from '../wire.ts'

/** More than the kernel holds for two sockets. */
const flood = Buffer.alloc(16 * 1024 * 1024)

/** A call is to be answered within so many turns of a timer: one second, of which a busy machine may take as many as it likes. */
const turnMs = 50
const turnLimit = 1000 / turnMs

/** Toxiproxy's own server dead-locks here: these rows are for the embedded engine alone. */
describe('engine under stalled readers', () => {
  let engine: EngineServer
  let upstream: Upstream
  let clients: Wire[]
  let port = 0

  const api = async (method: string, path: string, body?: unknown) => {
    let turns = 0
    const timer = setInterval(() => turns++, turnMs)
    try {
      const response = await fetch(engine.url + path, {
        method,
        signal: AbortSignal.timeout(30_000),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { status: response.status, text: await response.text(), turns }
    } finally {
      clearInterval(timer)
    }
  }

  const received = async (): Promise<readonly number[]> => {
    const { text } = await api('GET', '/proxies/p/connections')
    const { connections } = JSON.parse(text) as { readonly connections: readonly ConnectionJson[] }
    return connections.map((one) => one.bytes.downstream.received)
  }

  /** Clients that do not read, from servers that do not stop sending. */
  const block = async (count: number): Promise<void> => {
    clients = await Promise.all(Array.from({ length: count }, () => Wire.connect(port)))
    for (const client of clients) client.socket.pause()
    await until('all have come through', () => upstream.open === count)
    await quiet('all are blocked', async () => (await received()).reduce((sum, one) => sum + one, 0))
    expect((await received()).filter((one) => one < flood.length)).to.have.length(count)
  }

  beforeEach(async () => {
    engine = await startEngineServer({ host: '127.0.0.1', port: 0, seed: 1 })
    upstream = await Upstream.open((wire) => {
      wire.socket.write(flood)
      void wire.ended.then(() => wire.socket.destroy())
    })
    const made = await api('POST', '/proxies', {
      name: 'p',
      listen: '127.0.0.1:0',
      upstream: `127.0.0.1:${upstream.port}`,
    })
    port = Number(/:(\d+)"/.exec(made.text)?.[1])
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
      expect(answer.turns, `${method} ${path}`).to.be.at.most(turnLimit)
    }
  })

  it('goes on with every byte once they are read', async function () {
    this.timeout(60_000)
    await block(4)
    await api('POST', '/proxies/p/toxics', { type: 'latency', attributes: { latency: 5 } })
    await api('PATCH', '/proxies/p/toxics/latency_downstream', { attributes: { latency: 10 } })
    await api('DELETE', '/proxies/p/toxics/latency_downstream')
    for (const client of clients) client.socket.resume()
    await Promise.all(clients.map((client) => client.got(flood.length)))
  })
})
