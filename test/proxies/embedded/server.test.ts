import { readFileSync } from 'node:fs'

import { expect } from 'chai'

import type { ConnectionJson } from '#proxies/embedded/proxy/connection-log'
import { startEngineServer } from '#proxies/embedded/server/server'
import type { EngineServer } from '#proxies/embedded/server/server'
import { engineVersion } from '#proxies/embedded/server/version'
import { startProxyServer } from '#proxies/embedded/standalone'
import { Upstream, Wire, until } from '../wire.ts'
import { startFullServer } from './full-server.ts'

describe('engine server', () => {
  const closers: (() => Promise<unknown> | void)[] = []

  const start = async (
    seed: number,
    more: { readonly dialTimeoutMs?: number } = {},
  ): Promise<EngineServer> => {
    const engine = await startEngineServer({ host: '127.0.0.1', port: 0, seed, ...more })
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

  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close()
  })

  it('reports the version of this package', () => {
    const { version } = JSON.parse(
      readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
    ) as { version: string }
    expect(engineVersion).to.equal(version)
  })

  it('says in one line that its port is taken', async () => {
    const engine = await start(1)
    const second = await startProxyServer({ host: '127.0.0.1', port: engine.port }).then(
      () => null,
      (error: Error) => error,
    )
    expect(second?.message).to.equal(
      `the proxy server did not start: listen tcp 127.0.0.1:${engine.port}: bind: address already in use`,
    )
  })

  /** Which of 40 connections in a row a toxic with toxicity one half strikes. */
  const struck = async (seed: number): Promise<string> => {
    const engine = await start(seed)
    const upstream = await Upstream.open((wire) => wire.send('hello'))
    closers.push(() => upstream.close())
    const port = await open(engine, `127.0.0.1:${upstream.port}`)
    await post(engine, '/proxies/p/toxics', { type: 'limit_data', toxicity: 0.5, attributes: { bytes: 1 } })
    let heard = ''
    for (let i = 0; i < 40; i++) {
      const wire = await Wire.connect(port)
      await wire.got(5).catch(() => null)
      heard += wire.length === 5 ? '-' : 'x'
      wire.socket.destroy()
    }
    return heard
  }

  it('strikes the same connections with the same seed, others with another', async () => {
    const first = await struck(11)
    expect(await struck(11)).to.equal(first)
    expect(await struck(12)).to.not.equal(first)
  })

  it('draws once for a connection and a toxic: no update makes it draw again', async () => {
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
    await until('all have come through', () => upstream.open === 20)
    const round = async (): Promise<string> => {
      const before = wires.map((wire) => wire.length)
      for (const wire of wires) wire.send('x')
      // Those that are not struck answer; over when none has for a while.
      const answers = (): number => wires.reduce((sum, wire) => sum + wire.length, 0)
      for (let seen = -1, quiet = 0; quiet < 15; quiet = seen === answers() ? quiet + 1 : 0) {
        seen = answers()
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      return wires.map((wire, index) => (wire.length > (before[index] ?? 0) ? '-' : 'x')).join('')
    }
    const first = await round()
    for (let i = 0; i < 5; i++) await post(engine, '/proxies/p/toxics/t', {})
    expect(await round()).to.equal(first)
    expect(first).to.include('x')
    expect(first).to.include('-')
  })

  it('dials upstreams beside each other, and gives up on one that never answers', async function () {
    if (process.platform !== 'linux') this.skip()
    const full = await startFullServer()
    closers.push(() => full.stop())
    const dialTimeoutMs = 1000
    const engine = await start(1, { dialTimeoutMs })
    const port = await open(engine, `127.0.0.1:${full.port}`)
    const stuck = await Promise.all(Array.from({ length: 5 }, () => Wire.connect(port)))
    closers.push(() => stuck.forEach((wire) => wire.socket.destroy()))
    expect(await Promise.all(stuck.map((wire) => wire.ended))).to.deep.equal(Array(5).fill('fin'))
    for (const wire of stuck) wire.socket.destroy()
    const dials = async (): Promise<readonly ConnectionJson[]> => {
      const answer = await fetch(`${engine.url}/proxies/p/connections`)
      return ((await answer.json()) as { connections: ConnectionJson[] }).connections
    }
    await until('all are over', async () => (await dials()).every(({ state }) => state === 'closed'))
    const over = await dials()
    expect(over.map(({ ending }) => ending)).to.deep.equal(Array(5).fill('refused'))
    const accepted = over.map((one) => Date.parse(one.accepted))
    const ended = over.map((one, index) => (accepted[index] ?? 0) + one.durationMs)
    // One after another, the last would come four limits after the first.
    expect(Math.max(...accepted)).to.be.lessThan(Math.min(...ended))
    for (const { durationMs } of over) expect(durationMs).to.be.at.least(dialTimeoutMs - 1)
  })

  it('leaves no timer behind when a proxy with waiting toxics goes away', async () => {
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
        // Each stands first on a proxy of its own, where it meets data and the end.
        const made = await post(engine, '/proxies', {
          name: `${type}-${stream}`,
          listen: '127.0.0.1:0',
          upstream: `127.0.0.1:${upstream.port}`,
          streamproof: { toxics: [{ type, stream, attributes }] },
        })
        const wire = await Wire.connect(Number(/:(\d+)$/.exec(made.listen)?.[1]))
        wire.send(Buffer.alloc(100_000))
        wire.fin()
        closers.push(() => void wire.socket.destroy())
      }
    }
    await until('all have come through', () => upstream.count === 18)
    await engine.close()
    await new Promise((resolve) => setTimeout(resolve, 50))
    const timers = process.getActiveResourcesInfo().filter((one) => one === 'Timeout')
    // mocha's own limit for this test is the only one left.
    expect(timers.length).to.be.at.most(1)
  })

  it('forgets 300 connections that were opened, used and reset', async () => {
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
      await until('all upstream connections are gone', () => upstream.open === 0)
    }
    expect(upstream.count).to.equal(300)
  })
})
