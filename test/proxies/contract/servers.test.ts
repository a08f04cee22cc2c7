import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'

import { startEngineServer } from '#proxies/embedded/server/server'
import { startToxiproxy } from '#proxies/driver/start-server'
import { sleep } from '../wire.ts'
import { contract, portOf } from './contract.ts'
import type { Row, ToxicBody } from './contract.ts'

/** A server of the same kind for this row alone: it may die of it. */
async function own(t: Row, more: { readonly seed?: number; readonly config?: string } = {}): Promise<Row> {
  const { seed, config } = more
  let url: string
  let stop: () => Promise<unknown>
  if (t.kind === 'embedded') {
    const server = await startEngineServer({ host: '127.0.0.1', port: 0, ...more })
    url = server.url
    stop = () => server.close()
  } else {
    const folder = await mkdtemp(join(tmpdir(), 'streamproof-'))
    const file = join(folder, 'toxiproxy.json')
    await writeFile(file, config ?? '[]')
    const seeded = seed === undefined ? [] : ['-seed', String(seed)]
    const server = await startToxiproxy(process.env, 2, ['-config', file, ...seeded])
    url = server.url
    stop = async () => {
      await server.stop()
      await rm(folder, { recursive: true })
    }
  }
  const row = t.at(url)
  // The server first: one that is dead-locked would not let its proxies be removed.
  t.defer(() => row.close())
  t.defer(stop)
  return row
}

/** Until nobody is there any more; false where somebody still is after a while. */
async function dies(t: Row): Promise<boolean> {
  for (const limit = performance.now() + 15_000; performance.now() < limit; await sleep(20)) {
    const isThere = await t.api('GET', '/version').then(
      () => true,
      // One that is busy with dying is not dead.
      (error: Error) => error.name === 'TimeoutError',
    )
    if (!isThere) return true
  }
  return false
}

/** The status of a call; null where there is no answer. How long that is waited for is a matter of what is expected. */
async function answers(t: Row, method: string, path: string, body?: unknown): Promise<number | null> {
  const more = body === undefined ? {} : { body: JSON.stringify(body) }
  const signal = AbortSignal.timeout(t.kind === 'embedded' ? 15_000 : 2000)
  return fetch(t.url + path, { method, signal, ...more }).then(
    ({ status }) => status,
    () => null,
  )
}

/** A connection that is blocked: its client reads nothing, and its server has sent all that could be sent. */
async function blocked(t: Row): Promise<{ readonly server: Row; readonly path: string }> {
  const server = await own(t)
  const pair = await server.pair()
  pair.client.socket.pause()
  await pair.server.fill()
  return { server, path: pair.path }
}

contract('one server', { concurrent: true }, ({ row }) => {
  row('config/proxies', 'a file of proxies is there from the start; toxics in it are ignored', async (t) => {
    const config = JSON.stringify([
      { name: 'one', listen: '127.0.0.1:0', upstream: 'x:1' },
      { name: 'two', listen: 'localhost:0', upstream: 'x:2', enabled: false, toxics: [{ type: 'noop' }] },
    ])
    const server = await own(t, { config })
    expect((await server.api('GET', '/proxies/one')).json).to.include({ upstream: 'x:1', enabled: true })
    expect((await server.api('GET', '/proxies/two')).json).to.deep.include({
      listen: 'localhost:0',
      enabled: false,
      toxics: [],
    })
  })
  row(
    'seed/toxicity',
    'the same seed: the real server strikes other connections each time; the same ones here',
    async (t) => {
      const struck = async (): Promise<string> => {
        const server = await own(t, { seed: 42 })
        const upstream = await server.upstream((wire) => wire.send('hello'))
        // Its name is part of what decides.
        const made = await server.api('POST', '/proxies', {
          name: 'p',
          listen: '127.0.0.1:0',
          upstream: `127.0.0.1:${upstream.port}`,
        })
        await server.toxic('p', { type: 'limit_data', toxicity: 0.5, attributes: { bytes: 0 } })
        let heard = ''
        for (let i = 0; i < 40; i++) {
          const client = await server.connect(portOf(made.json))
          await Promise.race([client.got(5).catch(() => null), client.ended])
          heard += client.length === 5 ? '-' : 'x'
        }
        return heard
      }
      const first = await struck()
      if (t.kind === 'embedded') expect(await struck()).to.equal(first)
      else expect(await struck()).to.not.equal(first)
    },
  )

  const deadly: readonly (readonly [id: string, says: string, toxic: ToxicBody])[] = [
    ['slicer-size', 'a slicer without a size', { type: 'slicer' }],
    [
      'slicer-variation',
      'a slicer whose variation is above its size',
      { type: 'slicer', attributes: { average_size: 5, size_variation: 600 } },
    ],
    ['negative-rate', 'a negative rate', { type: 'bandwidth', attributes: { rate: -1 } }],
  ]
  for (const [id, says, toxic] of deadly) {
    row(`crash/${id}`, `${says}: the real server dies of the first data; refused here`, async (t) => {
      const server = await own(t)
      const pair = await server.pair()
      const made = await server.api('POST', `${pair.path}/toxics`, toxic)
      expect(made.status).to.equal(t.kind === 'embedded' ? 400 : 200)
      pair.server.send(Buffer.alloc(10_000))
      if (t.kind === 'embedded') {
        await pair.client.got(10_000)
        expect(await answers(server, 'GET', '/version')).to.equal(200)
      } else expect(await dies(server)).to.equal(true)
    })
  }

  row('blocked/disable', 'a blocked proxy that no toxic call has touched is disabled at once', async (t) => {
    const { server, path } = await blocked(t)
    expect((await server.api('PATCH', path, { enabled: false })).status).to.equal(200)
  })
  row(
    'blocked/toxic',
    'a toxic for a blocked connection: the real server never answers; here it is added',
    async (t) => {
      const { server, path } = await blocked(t)
      const status = await answers(server, 'POST', `${path}/toxics`, { type: 'noop' })
      expect(status).to.equal(t.kind === 'embedded' ? 200 : null)
    },
  )
  row('blocked/list', 'nor does it list its proxies then, or reset them; here it does', async (t) => {
    const { server, path } = await blocked(t)
    await answers(server, 'POST', `${path}/toxics`, { type: 'noop' })
    const list = await answers(server, 'GET', '/proxies')
    const reset = await answers(server, 'POST', '/reset')
    expect([list, reset]).to.deep.equal(t.kind === 'embedded' ? [200, 204] : [null, null])
  })
  row('blocked/others', 'other proxies still carry data, and the version is told', async (t) => {
    const { server, path } = await blocked(t)
    const other = await server.pair()
    await answers(server, 'POST', `${path}/toxics`, { type: 'noop' })
    other.server.send('hello')
    await other.client.got(5)
    expect((await server.api('GET', '/version')).status).to.equal(200)
  })
})
