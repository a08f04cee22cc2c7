import { once } from 'node:events'

import { expect } from 'chai'

import type { ConnectionJson } from '#proxies/embedded/proxy/connection-log'
import { startEngineServer } from '#proxies/embedded/server/server'
import type { EngineServer } from '#proxies/embedded/server/server'
import { Row } from '../../contract/contract.ts'
import { until } from '../../wire.ts'

/** Bytes that a side sent before it ended still go out. */
describe('bytes sent before the end of a connection', () => {
  let engine: EngineServer
  let t: Row

  before(async () => {
    engine = await startEngineServer({ host: '127.0.0.1', port: 0, seed: 1 })
  })
  after(() => engine.close())
  beforeEach(() => {
    t = new Row('embedded', engine.url)
  })
  afterEach(() => t.close())

  const record = async (path: string): Promise<ConnectionJson | undefined> => {
    const { json } = await t.api('GET', `${path}/connections`)
    return (json as { readonly connections: readonly ConnectionJson[] }).connections[0]
  }
  const isRead = (path: string, bytes: number): Promise<void> =>
    until('the engine reads the bytes', async () => (await record(path))?.bytes.upstream.received === bytes)

  it('reach a slow reader before its connection is closed', async () => {
    const { client, server, path, toxics } = await t.pair({
      type: 'latency',
      attributes: { latency: 3_600_000 },
    })
    client.socket.pause()
    const bytes = 8 * 1024 * 1024
    const isSent = once(server.socket, 'finish')
    server.send(Buffer.alloc(bytes))
    server.fin()
    await isSent
    await until(
      'the engine reads all bytes',
      async () => (await record(path))?.bytes.downstream.received === bytes,
    )
    // The engine runs in this process and polls all its sockets in each turn, so it has read the end then.
    for (let turn = 0; turn < 3; turn++) await record(path)
    // The kernel does not take all of them at once.
    await t.api('DELETE', toxics[0] ?? '')
    await until(
      'the engine starts to close the connection',
      async () => (await record(path))?.ending === 'fin by upstream',
    )
    client.socket.resume()
    expect(await client.ended).to.equal('fin')
    expect(client.length).to.equal(bytes)
  })

  // After a reset, the engine checks the other direction every 1.5 seconds, and closes it without progress.
  it('go out after a reset while there is progress, however slow', async () => {
    const { client, server, path } = await t.pair({
      type: 'slicer',
      stream: 'upstream',
      attributes: { average_size: 1000, delay: 100_000 },
    })
    client.send(Buffer.alloc(30_000))
    await isRead(path, 30_000)
    client.rst()
    await server.ended
    expect(server.length).to.equal(30_000)
  })

  it('go out after a reset while the reader takes some of them', async function () {
    // The reader takes 640 pieces, one in each turn of a timer that a busy machine delays.
    this.timeout(60_000)
    const { client, server, path } = await t.pair({
      type: 'latency',
      stream: 'upstream',
      attributes: { latency: 1000 },
    })
    server.socket.pause()
    const bytes = 16 * 1024 * 1024
    client.send(Buffer.alloc(bytes))
    await isRead(path, bytes)
    client.rst()
    // About 2 MB per second: it takes longer than the engine waits for a reader that takes nothing.
    server.socket.on('data', () => server.socket.pause())
    const reading = setInterval(() => server.socket.resume(), 25)
    t.defer(() => clearInterval(reading))
    await server.ended
    expect(server.length).to.equal(bytes)
  })

  it('go out after a reset if a toxic passes them on within a minute', async () => {
    const kinds = [
      ['slow_close', { delay: 7000 }, 2, 7000],
      ['latency', { latency: 7000 }, 0, 7000],
      ['stall', { bytes: 1, duration: 7000 }, 1, 7000],
      ['slicer', { average_size: 1, delay: 3_500_000 }, 1, 3500],
    ] as const
    const watched = kinds.map(async ([type, attributes, bytesBefore, ms]) => {
      const { client, server, path } = await t.pair({ type, stream: 'upstream', attributes })
      const start = performance.now()
      client.send('xy')
      await isRead(path, 2)
      client.rst()
      await until(
        'the engine notices the reset',
        async () => (await record(path))?.ending === 'rst by client',
      )
      expect(server.text, type).to.equal('xy'.slice(0, bytesBefore))
      expect(await server.ended, type).to.equal('fin')
      expect(server.text, type).to.equal('xy')
      expect(performance.now() - start, type).to.be.at.least(ms)
    })
    await Promise.all(watched)
  })

  it('are dropped if an earlier toxic holds them for longer', async () => {
    const toxics = [
      { type: 'stall', stream: 'upstream', attributes: { bytes: 1, duration: 3_600_000 } },
      { type: 'latency', stream: 'upstream', attributes: { latency: 3500 } },
    ]
    const { client, server, path } = await t.pair(...toxics)
    client.send('xy')
    await isRead(path, 2)
    client.rst()
    expect(await server.ended).to.equal('fin')
    expect(server.text).to.equal('x')
  })

  it('are dropped if a toxic would pass them on after more than a minute', async () => {
    const { client, server, path } = await t.pair({
      type: 'latency',
      stream: 'upstream',
      attributes: { latency: 70_000 },
    })
    client.send('xy')
    await isRead(path, 2)
    client.rst()
    expect(await server.ended).to.equal('fin')
    expect(server.text).to.equal('')
    expect(client.endedAt).to.not.equal(null)
  })
})
