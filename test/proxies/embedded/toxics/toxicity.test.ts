import { expect } from 'chai'

import type { ConnectionJson } from '#proxies/embedded/proxy/connection-log'
import { startEngineServer } from '#proxies/embedded/server/server'
import type { EngineServer } from '#proxies/embedded/server/server'
import { toxicTypes } from '#proxies/embedded/toxics/index'
import { Row } from '../../contract/contract.ts'
import type { ToxicBody } from '../../contract/contract.ts'
import { until } from '../../wire.ts'

/** Settings with which a toxic has an immediate effect. */
const strongSettings: Readonly<Record<string, number>> = {
  latency: 3_600_000,
  delay: 3_600_000,
  duration: 3_600_000,
  rate: 1,
  mask: 255,
  length: 1000,
  average_size: 1,
}

describe('toxicity 0', () => {
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

  const events = async (path: string): Promise<readonly unknown[]> => {
    const { connections } = (await t.api('GET', `${path}/connections`)).json as {
      readonly connections: readonly ConnectionJson[]
    }
    return connections.flatMap((connection) => connection.events)
  }
  const bytes = Buffer.alloc(200_000, 'streamproof')

  for (const { type, settings } of toxicTypes.values()) {
    const attributes = Object.fromEntries(
      Object.keys(settings).map((name) => [name, strongSettings[name] ?? 0]),
    )
    const harmless: readonly ToxicBody[] = ['upstream', 'downstream'].map((stream) => ({
      type,
      stream,
      toxicity: 0,
      attributes,
    }))

    it(`changes nothing: ${type}`, async () => {
      for (const end of ['fin', 'rst'] as const) {
        const { client, server, path } = await t.pair(...harmless)
        client.send(bytes)
        server.send(bytes)
        expect((await server.got(bytes.length)).equals(bytes)).to.equal(true)
        expect((await client.got(bytes.length)).equals(bytes)).to.equal(true)
        client[end]()
        // As without any toxic, FIN and RST become FIN.
        expect(await server.ended).to.equal('fin')
        if (end === 'fin') expect(await client.ended).to.equal('fin')
        expect(await events(path)).to.deep.equal([])
      }
    })

    it(`differs from toxicity 1, which has an effect: ${type}`, async () => {
      const { client, path } = await t.pair(...harmless.map((toxic) => ({ ...toxic, toxicity: 1 })))
      client.send('x')
      await until(`${type} acts`, async () => (await events(path)).length > 0)
    })
  }
})
