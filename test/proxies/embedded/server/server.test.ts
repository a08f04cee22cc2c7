import { readFileSync } from 'node:fs'

import { expect } from 'chai'

import type { ConnectionJson } from '#proxies/embedded/proxy/connection-log'
import { startEngineServer } from '#proxies/embedded/server/server'
import type { EngineServer } from '#proxies/embedded/server/server'
import { engineVersion } from '#proxies/embedded/server/version'
import { startProxyServer } from '#proxies/embedded/standalone'
import { Upstream, Wire, until } from '../../wire.ts'
import { startFullServer } from '../proxy/full-server.ts'

describe('engine server', () => {
  const closers: (() => Promise<unknown> | void)[] = []

  const start = async (
    seed: number,
    options: { readonly dialTimeoutMs?: number } = {},
  ): Promise<EngineServer> => {
    const engine = await startEngineServer({ host: '127.0.0.1', port: 0, seed, ...options })
    closers.push(() => engine.close())
    return engine
  }
  const post = async (
    engine: EngineServer,
    path: string,
    body: unknown,
  ): Promise<{ readonly listen: string }> => {
    const answer = await fetch(engine.url + path, { method: 'POST', body: JSON.stringify(body) })
    return (await answer.json()) as { listen: string }
  }
  const open = async (engine: EngineServer, upstream: string): Promise<number> =>
    Number(
      /:(\d+)$/.exec(
        (await post(engine, '/proxies', { name: 'p', listen: '127.0.0.1:0', upstream })).listen,
      )?.[1],
    )

  const connections = async (engine: EngineServer): Promise<readonly ConnectionJson[]> => {
    const answer = await fetch(`${engine.url}/proxies/p/connections`)
    return ((await answer.json()) as { connections: ConnectionJson[] }).connections
  }

  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close()
  })

  it('reports the version of this package', () => {
    const { version } = JSON.parse(
      readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8'),
    ) as { version: string }
    expect(engineVersion).to.equal(version)
  })

  it('reports in one line that its port is in use', async () => {
    const engine = await start(1)
    const second = await startProxyServer({ host: '127.0.0.1', port: engine.port }).then(
      () => null,
      (error: Error) => error,
    )
    expect(second?.message).to.equal(
      `the proxy server did not start: listen tcp 127.0.0.1:${engine.port}: bind: address already in use`,
    )
  })

  /** Which of 40 consecutive connections a toxic with toxicity 0.5 affects (x). */
  const affectedOf40 = async (seed: number): Promise<string> => {
    const engine = await start(seed)
    const upstream = await Upstream.open((wire) => wire.send('hello'))
    closers.push(() => upstream.close())
    const port = await open(engine, `127.0.0.1:${upstream.port}`)
    await post(engine, '/proxies/p/toxics', { type: 'limit_data', toxicity: 0.5, attributes: { bytes: 1 } })
    let result = ''
    for (let count = 0; count < 40; count++) {
      const wire = await Wire.connect(port)
      await wire.got(5).catch(() => null)
      result += wire.length === 5 ? '-' : 'x'
      wire.socket.destroy()
    }
    return result
  }

  it('affects the same connections with the same seed, and others with another seed', async () => {
    const first = await affectedOf40(11)
    expect(await affectedOf40(11)).to.equal(first)
    expect(await affectedOf40(12)).to.not.equal(first)
  })

  it('draws toxicity once for each connection and toxic, and not again on an update', async () => {
    const engine = await start(3)
    const upstream = await Upstream.echo()
    closers.push(() => upstream.close())
    const port = await open(engine, `127.0.0.1:${upstream.port}`)
    await post(engine, '/proxies/p/toxics', {
      type: 'timeout',
      name: 't',
      toxicity: 0.5,
      attributes: { timeout: 0 },
    })
    const wires = await Promise.all(Array.from({ length: 20 }, () => Wire.connect(port)))
    closers.push(() => wires.forEach((wire) => wire.socket.destroy()))
    await until('all connections reach the upstream', () => upstream.open === 20)
    /** Which connections the toxic affects (x): the engine has read all echoes then, and passed some of them on. */
    const affected = async (messages: number): Promise<string> => {
      for (const wire of wires) wire.send('x')
      const downstream = async () => (await connections(engine)).map(({ bytes }) => bytes.downstream)
      await until('the engine reads every echo', async () =>
        (await downstream()).every(({ received }) => received === messages),
      )
      return (await downstream()).map(({ sent }) => (sent === messages ? '-' : 'x')).join('')
    }
    const first = await affected(1)
    for (let count = 0; count < 5; count++) await post(engine, '/proxies/p/toxics/t', {})
    expect(await affected(2)).to.equal(first)
    expect(first).to.include('x')
    expect(first).to.include('-')
  })

  it('dials upstreams concurrently, and stops dialling one that never answers', async function () {
    if (process.platform !== 'linux') this.skip()
    const full = await startFullServer()
    closers.push(() => full.stop())
    const dialTimeoutMs = 1000
    const engine = await start(1, { dialTimeoutMs })
    const port = await open(engine, `127.0.0.1:${full.port}`)
    const clients = await Promise.all(Array.from({ length: 5 }, () => Wire.connect(port)))
    closers.push(() => clients.forEach((wire) => wire.socket.destroy()))
    expect(await Promise.all(clients.map((wire) => wire.ended))).to.deep.equal(Array(5).fill('fin'))
    for (const wire of clients) wire.socket.destroy()
    await until('all connections are closed', async () =>
      (await connections(engine)).every(({ state }) => state === 'closed'),
    )
    const closed = await connections(engine)
    expect(closed.map(({ ending }) => ending)).to.deep.equal(Array(5).fill('refused'))
    const accepted = closed.map((connection) => Date.parse(connection.accepted))
    const ended = closed.map(({ durationMs }, index) => (accepted[index] ?? 0) + durationMs)
    // Dialled in sequence, the last would be accepted four limits after the first.
    expect(Math.max(...accepted)).to.be.lessThan(Math.min(...ended))
    for (const { durationMs } of closed) expect(durationMs).to.be.at.least(dialTimeoutMs - 1)
  })

  it('has no timers after it closed a proxy with waiting toxics', async () => {
    const engine = await start(1)
    const upstream = await Upstream.echo()
    closers.push(() => upstream.close())
    const hour = 3_600_000
    const kinds: readonly (readonly [type: string, attributes: Readonly<Record<string, number>>])[] = [
      ['timeout', { timeout: hour }],
      ['latency', { latency: hour }],
      ['slow_close', { delay: hour }],
      ['reset_peer', { timeout: hour }],
      ['slicer', { average_size: 1, delay: hour * 1000 }],
      ['bandwidth', { rate: 1 }],
      ['close_after', { after: hour }],
      ['stall', { bytes: 0, duration: hour }],
      ['shared_bandwidth', { rate: 1 }],
    ]
    for (const stream of ['upstream', 'downstream']) {
      for (const [type, attributes] of kinds) {
        // Each is on a proxy of its own, where it receives data and the end.
        const created = await post(engine, '/proxies', {
          name: `${type}-${stream}`,
          listen: '127.0.0.1:0',
          upstream: `127.0.0.1:${upstream.port}`,
          streamproof: { toxics: [{ type, stream, attributes }] },
        })
        const wire = await Wire.connect(Number(/:(\d+)$/.exec(created.listen)?.[1]))
        wire.send(Buffer.alloc(100_000))
        wire.fin()
        closers.push(() => void wire.socket.destroy())
      }
    }
    await until('all connections reach the upstream', () => upstream.count === 18)
    await engine.close()
    // mocha's own time limit of this test is the only timer.
    await until(
      'no timer of the engine is left',
      () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length <= 1,
    )
  })

  it('closes the upstream connections of 300 clients that reset', async () => {
    const engine = await start(1)
    const upstream = await Upstream.echo()
    closers.push(() => upstream.close())
    const port = await open(engine, `127.0.0.1:${upstream.port}`)
    await post(engine, '/proxies/p/toxics', { type: 'latency', attributes: { latency: 1 } })
    for (let round = 0; round < 3; round++) {
      const wires = await Promise.all(Array.from({ length: 100 }, () => Wire.connect(port)))
      for (const wire of wires) wire.send('x')
      await Promise.all(wires.map((wire) => wire.got(1)))
      for (const wire of wires) wire.rst()
      await until('all upstream connections are closed', () => upstream.open === 0)
    }
    expect(upstream.count).to.equal(300)
  })
})
