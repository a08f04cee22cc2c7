import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'

import { startEngineServer } from '#proxies/embedded/server/server'
import { startToxiproxy } from '#proxies/driver/start-server'
import { sleep } from '../wire.ts'
import { contract, portOf } from './contract.ts'
import type { Row, ToxicBody } from './contract.ts'

/** A server of the same kind for this row alone, because the row may crash it. */
async function separateServer(
  t: Row,
  options: { readonly seed?: number; readonly config?: string } = {},
): Promise<Row> {
  const { seed, config } = options
  let url: string
  let stop: () => Promise<unknown>
  if (t.kind === 'embedded') {
    const server = await startEngineServer({ host: '127.0.0.1', port: 0, ...options })
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
  // The server stops first: one in a deadlock would not remove its proxies.
  t.defer(() => row.close())
  t.defer(stop)
  return row
}

/**
 * Waits until the server does not answer any more; false if it still answers after 45 s. A server that exhausts its stack
 * takes long to crash on a busy machine.
 */
async function crashes(t: Row): Promise<boolean> {
  for (const limit = performance.now() + 45_000; performance.now() < limit; await sleep(20)) {
    const answersStill = await t.api('GET', '/version').then(
      () => true,
      // A timeout does not mean that it has crashed.
      (error: Error) => error.name === 'TimeoutError',
    )
    if (!answersStill) return true
  }
  return false
}

/** The status of a call; null without an answer. The time limit is short for the engine that is expected not to answer. */
async function answers(t: Row, method: string, path: string, body?: unknown): Promise<number | null> {
  const init = body === undefined ? {} : { body: JSON.stringify(body) }
  const signal = AbortSignal.timeout(t.kind === 'embedded' ? 15_000 : 2000)
  return fetch(t.url + path, { method, signal, ...init }).then(
    ({ status }) => status,
    () => null,
  )
}

/** A blocked connection: its client reads nothing, and its server has sent as much as it can. */
async function blocked(t: Row): Promise<{ readonly server: Row; readonly path: string }> {
  const server = await separateServer(t)
  const pair = await server.pair()
  pair.client.socket.pause()
  await pair.server.fill()
  return { server, path: pair.path }
}

contract('one server', { concurrent: true }, ({ row }) => {
  row('config/proxies', 'a file given by `-config` is read as populate reads it', async (t) => {
    const config = JSON.stringify([
      { name: 'one', listen: '127.0.0.1:0', upstream: 'x:1' },
      { name: 'two', listen: 'localhost:0', upstream: 'x:2', enabled: false, toxics: [{ type: 'noop' }] },
    ])
    const server = await separateServer(t, { config })
    expect((await server.api('GET', '/proxies/one')).json).to.include({ upstream: 'x:1', enabled: true })
    expect((await server.api('GET', '/proxies/two')).json).to.deep.include({
      listen: 'localhost:0',
      enabled: false,
      toxics: [],
    })
  })
  row('seed/toxicity', '`-seed` has no effect; in the embedded engine it decides toxicity', async (t) => {
    const affected = async (): Promise<string> => {
      const server = await separateServer(t, { seed: 42 })
      const upstream = await server.upstream((wire) => wire.send('hello'))
      // The name is part of the seed.
      const created = await server.api('POST', '/proxies', {
        name: 'p',
        listen: '127.0.0.1:0',
        upstream: `127.0.0.1:${upstream.port}`,
      })
      await server.toxic('p', { type: 'limit_data', toxicity: 0.5, attributes: { bytes: 0 } })
      let result = ''
      for (let i = 0; i < 40; i++) {
        const client = await server.connect(portOf(created.json))
        await Promise.race([client.got(5).catch(() => null), client.ended])
        result += client.length === 5 ? '-' : 'x'
      }
      return result
    }
    const first = await affected()
    if (t.kind === 'embedded') expect(await affected()).to.equal(first)
    else expect(await affected()).to.not.equal(first)
  })

  const crashing: readonly (readonly [id: string, subject: string, toxic: ToxicBody])[] = [
    ['slicer-size', 'a slicer without a size', { type: 'slicer' }],
    [
      'slicer-variation',
      'a slicer whose variation is above its size',
      { type: 'slicer', attributes: { average_size: 5, size_variation: 600 } },
    ],
    ['negative-rate', 'a negative rate', { type: 'bandwidth', attributes: { rate: -1 } }],
  ]
  for (const [id, subject, toxic] of crashing) {
    row(
      `crash/${id}`,
      `${subject} crashes the real server with the first data; the embedded engine refuses it`,
      async (t) => {
        const server = await separateServer(t)
        const pair = await server.pair()
        const created = await server.api('POST', `${pair.path}/toxics`, toxic)
        expect(created.status).to.equal(t.kind === 'embedded' ? 400 : 200)
        pair.server.send(Buffer.alloc(10_000))
        if (t.kind === 'embedded') {
          await pair.client.got(10_000)
          expect(await answers(server, 'GET', '/version')).to.equal(200)
        } else expect(await crashes(server)).to.equal(true)
      },
    )
  }

  row('blocked/disable', 'before any call about toxics, a blocked proxy can be disabled', async (t) => {
    const { server, path } = await blocked(t)
    expect((await server.api('PATCH', path, { enabled: false })).status).to.equal(200)
  })
  row(
    'blocked/toxic',
    'a call about toxics of a blocked connection never returns; the embedded engine answers it',
    async (t) => {
      const { server, path } = await blocked(t)
      const status = await answers(server, 'POST', `${path}/toxics`, { type: 'noop' })
      expect(status).to.equal(t.kind === 'embedded' ? 200 : null)
    },
  )
  row(
    'blocked/list',
    'after such a call, listing and resetting never return; the embedded engine answers them',
    async (t) => {
      const { server, path } = await blocked(t)
      await answers(server, 'POST', `${path}/toxics`, { type: 'noop' })
      const list = await answers(server, 'GET', '/proxies')
      const reset = await answers(server, 'POST', '/reset')
      expect([list, reset]).to.deep.equal(t.kind === 'embedded' ? [200, 204] : [null, null])
    },
  )
  row('blocked/others', 'other proxies and `/version` still work', async (t) => {
    const { server, path } = await blocked(t)
    const other = await server.pair()
    await answers(server, 'POST', `${path}/toxics`, { type: 'noop' })
    other.server.send('hello')
    await other.client.got(5)
    expect((await server.api('GET', '/version')).status).to.equal(200)
  })
})
