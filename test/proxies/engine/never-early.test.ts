import { expect } from 'chai'

import { startEngineServer } from '../../../proxies/engine/server.ts'
import type { EngineServer } from '../../../proxies/engine/server.ts'
import { Row } from '../contract/contract.ts'
import type { Wire } from '../wire.ts'

interface Ends {
  readonly client: Wire
  readonly server: Wire
}

/** Sends so many bytes down, and waits until they have come. */
const carries =
  (bytes: number) =>
  async ({ client, server }: Ends): Promise<void> => {
    server.send(Buffer.alloc(bytes))
    await client.got(bytes)
  }
const endsAfterData = async ({ client, server }: Ends): Promise<void> => {
  server.send('x')
  await client.ended
}

const ms = 15
/** Toxics that wait, each with something that cannot be over before its time. */
const waiting: readonly (readonly [
  type: string,
  attributes: Readonly<Record<string, number>>,
  work: (ends: Ends) => Promise<unknown>,
])[] = [
  ['latency', { latency: ms }, carries(1)],
  ['bandwidth', { rate: 1 }, carries(ms)],
  [
    'slow_close',
    { delay: ms },
    ({ client, server }) => {
      server.fin()
      return client.ended
    },
  ],
  ['reset_peer', { timeout: ms }, endsAfterData],
  ['slicer', { average_size: 1, delay: (ms * 1000) / 3 }, carries(4)],
  ['close_after', { after: ms }, endsAfterData],
  ['stall', { bytes: 0, duration: ms }, carries(1)],
  ['shared_bandwidth', { rate: 1 }, carries(ms)],
]

describe('engine toxics', () => {
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

  for (const [type, attributes, work] of waiting) {
    it(`are never early by any part of a millisecond: ${type}`, async () => {
      const upstream = await t.upstream()
      const { port } = await t.proxy(upstream.port, { streamproof: { toxics: [{ type, attributes }] } })
      for (let i = 0; i < 20; i++) {
        const client = await t.connect(port)
        const server = await upstream.next()
        const start = performance.now()
        await work({ client, server })
        expect(performance.now() - start).to.be.at.least(ms)
        client.socket.destroy()
      }
    })
  }

  it('are never early by any part of a millisecond: timeout', async () => {
    const upstream = await t.upstream()
    const toxics = [{ type: 'timeout', attributes: { timeout: ms } }]
    const { port } = await t.proxy(upstream.port, { streamproof: { toxics } })
    for (let i = 0; i < 20; i++) {
      const start = performance.now()
      const client = await t.connect(port)
      await client.ended
      expect(performance.now() - start).to.be.at.least(ms)
      client.socket.destroy()
    }
  })
})
