import { expect } from 'chai'

import { ToxiproxyClient } from '#proxies/driver/api/client'
import { openEngine } from '#proxies/driver/open-engine'
import { cutAfter } from '#proxies/faults'
import { leftBehind, proxyName } from '#proxies/driver/proxy-names'
import { SignOfLife } from '#proxies/driver/lease'
import { startProxyServer } from '#proxies/embedded/standalone'
import { startToxiproxy } from '#proxies/driver/start-server'
import type { Engine } from '#proxies/types'
import { needToxiproxy } from '../../lacking.ts'
import { Upstream, Wire, until } from '../wire.ts'

const hour = 3_600_000

for (const kind of ['embedded', 'toxiproxy'] as const) {
  describe(`one Toxiproxy, several runs (${kind})`, () => {
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

    it('do not touch each other', async () => {
      const first = await opened('one')
      const whole = await first.open(target())
      const standing = await Wire.connect(whole.port, whole.host)
      await standing.got(5)
      // Its opening sweeps, its faults strike, its links go down and away: of the first, nothing changes.
      const second = await opened('two')
      const cut = await second.open(target(), [cutAfter({ bytes: 2, direction: 'server-to-client' })])
      const victim = await Wire.connect(cut.port, cut.host)
      await victim.ended
      expect(victim.text).to.equal('he')
      await cut.setEnabled(false)
      const again = await Wire.connect(whole.port, whole.host)
      await again.got(5)
      await second.close()
      expect(await names()).to.deep.equal([whole.name])
      expect(standing.endedAt).to.equal(null)
      const after = await Wire.connect(whole.port, whole.host)
      await after.got(5)
      for (const wire of [standing, victim, again, after]) wire.socket.destroy()
    })

    it('keep what a live one has held for hours, and sweep what dead ones left', async () => {
      const client = new ToxiproxyClient(server.url)
      const held = proxyName('live', 1, Date.now() - 5 * hour)
      const young = proxyName('live', 2, Date.now() - hour / 3)
      const dead = proxyName('dead', 1, Date.now() - 2 * hour)
      for (const name of [held, young, dead])
        await client.createProxy({ name, listen: '127.0.0.1:0', upstream: 'x:1', enabled: false })
      await opened('other')
      expect(await names()).to.have.members([held, young])
      for (const name of [held, young]) await client.removeProxy(name)
    })

    it('show that they live while they hold a proxy, and leave no trace of it', async () => {
      const engine = await opened('long', 20)
      expect(await names()).to.deep.equal([])
      const link = await engine.open(target())
      const other = async (): Promise<string | undefined> => (await names()).find((one) => one !== link.name)
      let first: string | undefined
      await until('it has shown itself', async () => (first = await other()) !== undefined)
      expect(first).to.match(/^streamproof-long-\d{10}-\d+$/)
      await until('it has done so again', async () => {
        const all = await names()
        return all.length === 2 && !all.includes(first ?? '')
      })
      expect(leftBehind(await names(), Date.now() + hour / 2)).to.deep.equal([])
      await link.close()
    })
  })
}

describe('SignOfLife', () => {
  it('bears a server that is gone', async () => {
    const server = await startProxyServer({ host: '127.0.0.1', port: 0 })
    await server.close()
    let asked = 0
    const sign = new SignOfLife(new ToxiproxyClient(server.url), 5, () => `sign-${asked++}`)
    await until('it has tried twice', () => asked > 1)
    await sign.stop()
  })
})
