import { expect } from 'chai'

import { startEngineServer } from '../../../proxies/engine/server.ts'
import type { EngineServer } from '../../../proxies/engine/server.ts'
import { Upstream, Wire, sleep, until } from '../wire.ts'

/** More than the kernel holds for two sockets. */
const flood = Buffer.alloc(16 * 1024 * 1024)

/** Toxiproxy's own server dead-locks here: these rows are for the embedded engine alone. */
describe('engine under stalled readers', () => {
  let engine: EngineServer
  let upstream: Upstream
  let clients: Wire[]
  let port = 0

  const api = async (method: string, path: string, body?: unknown) => {
    const start = performance.now()
    const response = await fetch(engine.url + path, {
      method,
      signal: AbortSignal.timeout(5000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, text, ms: performance.now() - start }
  }

  /** A hundred clients that do not read, from servers that do not stop sending. */
  const block = async (count: number): Promise<void> => {
    clients = await Promise.all(Array.from({ length: count }, () => Wire.connect(port)))
    for (const client of clients) client.socket.pause()
    await until('all have come through', () => upstream.open === count)
    await sleep(300)
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

  it('answers every call at once while 100 connections are blocked', async () => {
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
      ['POST', '/reset'],
      ['PATCH', '/proxies/p', { enabled: false }],
      ['PATCH', '/proxies/p', { enabled: true }],
      ['DELETE', '/proxies/p'],
    ]
    for (const [method, path, body] of calls) {
      const answer = await api(method, path, body)
      expect(answer.status, `${method} ${path}: ${answer.text}`).to.be.within(200, 204)
      expect(answer.ms, `${method} ${path}`).to.be.lessThan(1000)
    }
  })

  it('goes on with every byte once they are read', async () => {
    await block(4)
    await api('POST', '/proxies/p/toxics', { type: 'latency', attributes: { latency: 5 } })
    await api('PATCH', '/proxies/p/toxics/latency_downstream', { attributes: { latency: 10 } })
    await api('DELETE', '/proxies/p/toxics/latency_downstream')
    for (const client of clients) client.socket.resume()
    await Promise.all(clients.map((client) => client.got(flood.length)))
  })

  it('notices within five seconds that stalled clients were reset, and leaves no upstream behind', async () => {
    await block(30)
    for (const client of clients) client.rst()
    const start = performance.now()
    await until('every upstream connection is closed', () => upstream.open === 0)
    expect(performance.now() - start).to.be.lessThan(5000)
  })

  it('notices it as well where the client was stalled upwards', async () => {
    // Rate 0: nothing is read from the client any more, so nothing but the engine's own asking can tell.
    await api('POST', '/proxies/p/toxics', { type: 'bandwidth', stream: 'upstream', attributes: { rate: 0 } })
    clients = await Promise.all(Array.from({ length: 10 }, () => Wire.connect(port)))
    for (const client of clients) client.send(Buffer.alloc(1024 * 1024))
    await until('all have come through', () => upstream.open === 10)
    await sleep(200)
    for (const client of clients) client.rst()
    await until('every upstream connection is closed', () => upstream.open === 0)
  })
})
