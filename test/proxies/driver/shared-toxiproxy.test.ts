import { expect } from 'chai'

import { ToxiproxyClient } from '#proxies/driver/api/client'
import { openEngine } from '#proxies/driver/open-engine'
import { cutAfter } from '#proxies/faults'
import { orphanedProxies, proxyName } from '#proxies/driver/proxy-names'
import { Lease } from '#proxies/driver/lease'
import { startProxyServer } from '#proxies/embedded/standalone'
import { startToxiproxy } from '#proxies/driver/start-server'
import type { Engine } from '#proxies/types'
import { needToxiproxy } from '../../lacking.ts'
import { Upstream, Wire, until } from '../wire.ts'

const hour = 3_600_000

for (const kind of ['embedded', 'toxiproxy'] as const) {
  describe(`a Toxiproxy shared by several runs (${kind})`, () => {
    let server: { readonly url: string; readonly close: () => Promise<void> }
    let upstream: Upstream
    const engines: Engine[] = []

    before(async function () {
      if (kind === 'embedded') server = await startProxyServer({ host: '127.0.0.1', port: 0 })
      else {
        needToxiproxy(this)
        const started = await startToxiproxy(process.env, 2)
        server = { url: started.url, close: () => started.stop() }
      }
      upstream = await Upstream.open((wire) => wire.send('hello'))
    })
    afterEach(async () => {
      for (const engine of engines.splice(0)) await engine.close()
      expect(await names()).to.deep.equal([])
    })
    after(async () => {
      await server?.close()
      await upstream?.close()
    })

    const names = async (): Promise<readonly string[]> =>
      Object.keys((await (await fetch(`${server.url}/proxies`)).json()) as Record<string, unknown>)
    const opened = async (runId: string, renewEveryMs?: number): Promise<Engine> => {
      const engine = await openEngine({ choice: server.url, runId, env: {} }, renewEveryMs)
      engines.push(engine)
      return engine
    }
    const target = (): { readonly host: string; readonly port: number } => ({
      host: '127.0.0.1',
      port: upstream.port,
    })

    it('keeps the proxies of one run unchanged by another', async () => {
      const first = await opened('one')
      const proxy = await first.open(target())
      const before = await Wire.connect(proxy.port, proxy.host)
      await before.got(5)
      // The second run removes orphans, sets faults, takes its link down and closes. Nothing of the first changes.
      const second = await opened('two')
      const cutProxy = await second.open(target(), [cutAfter({ bytes: 2, direction: 'server-to-client' })])
      const cut = await Wire.connect(cutProxy.port, cutProxy.host)
      await cut.ended
      expect(cut.text).to.equal('he')
      await cutProxy.setEnabled(false)
      const during = await Wire.connect(proxy.port, proxy.host)
      await during.got(5)
      await second.close()
      expect(await names()).to.deep.equal([proxy.name])
      expect(before.endedAt).to.equal(null)
      const after = await Wire.connect(proxy.port, proxy.host)
      await after.got(5)
      for (const wire of [before, cut, during, after]) wire.socket.destroy()
    })

    it('keeps proxies that an active run has held for hours, and loses those of killed runs', async () => {
      const client = new ToxiproxyClient(server.url)
      const held = proxyName('active', 1, Date.now() - 5 * hour)
      const young = proxyName('active', 2, Date.now() - hour / 3)
      const orphan = proxyName('killed', 1, Date.now() - 2 * hour)
      for (const name of [held, young, orphan])
        await client.createProxy({ name, listen: '127.0.0.1:0', upstream: 'x:1', enabled: false })
      await opened('other')
      expect(await names()).to.have.members([held, young])
      for (const name of [held, young]) await client.removeProxy(name)
    })

    it('shows a lease while a run holds a proxy, and removes it afterwards', async () => {
      const engine = await opened('long', 20)
      const proxy = await engine.open(target())
      const leaseName = async (): Promise<string | undefined> =>
        (await names()).find((name) => name !== proxy.name)
      let firstLease: string | undefined
      await until('the run shows a lease', async () => (firstLease = await leaseName()) !== undefined)
      expect(firstLease).to.match(/^streamproof-long-\d{10}-\d+$/)
      await until('the run renews its lease', async () => {
        const current = await names()
        return current.length === 2 && !current.includes(firstLease ?? '')
      })
      expect(orphanedProxies(await names(), Date.now() + hour / 2)).to.deep.equal([])
      await proxy.close()
    })
  })
}

describe('Lease', () => {
  it('creates nothing while the run holds no proxy', async () => {
    const server = await startProxyServer({ host: '127.0.0.1', port: 0 })
    let asked = 0
    const lease = new Lease(new ToxiproxyClient(server.url), 5, () => {
      asked += 1
      return null
    })
    await until('it has asked twice for a name', () => asked > 1)
    expect(await (await fetch(`${server.url}/proxies`)).json()).to.deep.equal({})
    await lease.stop()
    await server.close()
  })

  it('stops without an error if the server is gone', async () => {
    const server = await startProxyServer({ host: '127.0.0.1', port: 0 })
    await server.close()
    let asked = 0
    const lease = new Lease(new ToxiproxyClient(server.url), 5, () => `lease-${asked++}`)
    await until('it has renewed twice', () => asked > 1)
    await lease.stop()
  })
})
