import { expect } from 'chai'

import type { ConnectionJson } from '#proxies/embedded/proxy/connection-log'
import { startEngineServer } from '#proxies/embedded/server/server'
import type { EngineServer } from '#proxies/embedded/server/server'
import { toxicTypes } from '#proxies/embedded/toxics/index'
import { TurnTimer, Upstream, Wire, quiet, sleep } from '../../wire.ts'

type Direction = 'upstream' | 'downstream'
type Toxic = readonly [type: string, attributes: Readonly<Record<string, number>>]

/** More than kernel and engine hold for one direction. All connections send this one buffer. */
const flood = Buffer.alloc(24 * 1024 * 1024)
/** More than the engine holds by itself: enough if a toxic passes nothing. */
const smallFlood = flood.subarray(0, 512 * 1024)

/** How soon a reset must be noticed. A busy machine may hold the process up, so it is counted in turns of a timer. */
const noticeLimitMs = 5000
const turnMs = 100

const hour = 3_600_000
/** With these toxics nothing moves, although both sides read. */
const holding: readonly Toxic[] = [
  ['bandwidth', { rate: 0 }],
  ['reset_peer', { timeout: hour }],
  ['slicer', { average_size: 100, delay: hour * 1000 }],
  ['stall', { bytes: 10_000, duration: hour }],
]
/** These toxics hold a few bytes, or the end after them, without making the sender wait. */
const keeping: readonly Toxic[] = [
  ['bandwidth', { rate: 0 }],
  ['latency', { latency: hour }],
  ['slow_close', { delay: hour }],
  ['reset_peer', { timeout: hour }],
  ['slicer', { average_size: 1, delay: hour * 1000 }],
  ['stall', { bytes: 1, duration: hour }],
]
/** With these toxics only the reader makes the sender wait. */
const passing: readonly Toxic[] = [
  ['noop', {}],
  ['latency', { latency: 1 }],
  ['bandwidth', { rate: 1_000_000 }],
  ['slow_close', { delay: hour }],
  ['slicer', { average_size: 100_000 }],
  ['limit_data', { bytes: hour * 1000 }],
  ['close_after', { after: hour }],
  ['corrupt', { mask: 1, length: 10 }],
  ['shared_bandwidth', { rate: 1_000_000 }],
]

/** The real server notices none of these resets: see the row `connection/reset-unnoticed` of the contract. */
describe('resets of stalled clients', function () {
  this.timeout(120_000)
  let engine: EngineServer
  const groups: StalledGroup[] = []
  let socketsBefore = 0
  let limit = 0

  before(() => {
    limit = openFiles()
  })
  beforeEach(async () => {
    engine = await startEngineServer({ host: '127.0.0.1', port: 0, seed: 1 })
    await callApi(engine, '/version')
    socketsBefore = sockets()
  })
  afterEach(async () => {
    for (const group of groups.splice(0)) await group.close()
    await engine.close()
  })

  const openGroup = async (
    name: string,
    direction: Direction,
    toxics: readonly Toxic[],
  ): Promise<StalledGroup> => {
    const group = await StalledGroup.open(engine, name, direction, toxics)
    groups.push(group)
    return group
  }
  /** Each connection needs four descriptors: two for its ends and two in the engine. */
  const affordable = (wanted: number): number => {
    const count = Math.min(wanted, Math.floor((limit - 200) / 4))
    if (count < wanted)
      process.stderr.write(`      ${count} of ${wanted} connections: this process may open no more files\n`)
    return count
  }
  // The allowed sockets are those of the calls of the API.
  const noneLeft = (allowed: number): Promise<void> =>
    settled('all sockets are closed', () => sockets() <= socketsBefore + allowed)

  // The kernel holds megabytes for each connection, so not all are open at the same time.
  for (const [direction, side, rounds] of [
    ['downstream', 'client', 4],
    ['upstream', 'upstream', 1],
  ] as const) {
    it(`are noticed on ${rounds * 250} connections whose ${side} does not read, 250 at a time`, async () => {
      const group = await openGroup('p', direction, [])
      const count = affordable(250)
      for (let round = 0; round < rounds; round++) {
        await group.stall(count, flood)
        await group.reset()
      }
      expect(await group.records()).to.have.length(rounds * count)
      await noneLeft(4)
    })
  }

  it('are tested under every toxic', () => {
    const tested = new Set(['timeout', ...[...holding, ...passing].map(([type]) => type)])
    expect([...tested].toSorted()).to.deep.equal([...toxicTypes.keys()].toSorted())
  })

  for (const direction of ['downstream', 'upstream'] as const) {
    it(`are noticed on 1000 connections that a toxic stalls ${direction}`, async () => {
      const group = await openGroup('p', direction, [['bandwidth', { rate: 0 }]])
      await group.stall(affordable(1000), smallFlood)
      await group.reset()
      await noneLeft(4)
    })

    it(`are noticed under every toxic, ${direction}`, async () => {
      const all: (readonly [StalledGroup, Buffer])[] = []
      for (const toxic of holding) all.push([await openGroup(toxic[0], direction, [toxic]), smallFlood])
      for (const toxic of passing)
        all.push([await openGroup(`${toxic[0]}, passing`, direction, [toxic]), flood])
      const dropping = await openGroup('timeout', direction, [['timeout', { timeout: 0 }]])
      await Promise.all([dropping.read(8, smallFlood), ...all.map(([group, bytes]) => group.stall(8, bytes))])
      await Promise.all([dropping, ...all.map(([group]) => group)].map((group) => group.reset()))
      await noneLeft(2 * all.length)
    })

    it(`are noticed while a toxic holds five bytes, ${direction}`, async () => {
      const all: StalledGroup[] = []
      for (const toxic of keeping) all.push(await openGroup(toxic[0], direction, [toxic]))
      const names = ['bandwidth before slow_close', 'slow_close before bandwidth'] as const
      const bothToxics: readonly Toxic[] = [
        ['bandwidth', { rate: 0 }],
        ['slow_close', { delay: 1 }],
      ]
      all.push(await openGroup(names[0], direction, bothToxics))
      all.push(await openGroup(names[1], direction, bothToxics.toReversed()))
      await Promise.all(all.map((group) => group.read(8, Buffer.from('five.'))))
      await Promise.all(all.map((group) => group.reset()))
      await noneLeft(2 * all.length)
    })

    it(`are noticed after a FIN, while a toxic holds five bytes, ${direction}`, async () => {
      const all: StalledGroup[] = []
      for (const toxic of keeping) all.push(await openGroup(toxic[0], direction, [toxic]))
      await Promise.all(all.map((group) => group.read(8, Buffer.from('five.'))))
      await Promise.all(all.map((group) => group.fin()))
      await Promise.all(all.map((group) => group.reset()))
      await noneLeft(2 * all.length)
    })
  }
})

/** Connections through one proxy that all send in one direction, to a side that does not read. */
class StalledGroup {
  readonly #engine: EngineServer
  readonly #upstream: Upstream
  readonly #path: string
  readonly #direction: Direction
  readonly #port: number
  /** The upstream's ends of the connections. */
  readonly #served: Wire[]
  #clients: Wire[] = []

  private constructor(
    engine: EngineServer,
    upstream: Upstream,
    served: Wire[],
    path: string,
    direction: Direction,
    port: number,
  ) {
    this.#engine = engine
    this.#upstream = upstream
    this.#served = served
    this.#path = path
    this.#direction = direction
    this.#port = port
  }

  static async open(
    engine: EngineServer,
    name: string,
    direction: Direction,
    toxics: readonly Toxic[],
  ): Promise<StalledGroup> {
    const served: Wire[] = []
    const upstream = await Upstream.open((wire) => {
      served.push(wire)
      wire.socket.pause()
      void wire.ended.then(() => wire.socket.destroy())
    })
    const created = await callApi(engine, '/proxies', {
      name,
      listen: '127.0.0.1:0',
      upstream: `127.0.0.1:${upstream.port}`,
      streamproof: { toxics: toxics.map(([type, attributes]) => ({ type, stream: direction, attributes })) },
    })
    const port = Number(/:(\d+)$/.exec((created as { readonly listen: string }).listen)?.[1])
    return new StalledGroup(engine, upstream, served, `/proxies/${encodeURIComponent(name)}`, direction, port)
  }

  async records(): Promise<readonly ConnectionJson[]> {
    const answer = await callApi(this.#engine, `${this.#path}/connections`)
    return (answer as { readonly connections: ConnectionJson[] }).connections
  }

  /** Opens connections and lets all of them send until nothing moves. */
  async stall(count: number, bytes: Buffer): Promise<void> {
    await this.#send(count, bytes)
    await quiet(`all connections of ${this.#path} are stalled`, async () =>
      (await this.#received()).reduce((sum, bytesRead) => sum + bytesRead, 0),
    )
    const stalled = (await this.#received()).filter((read) => read < bytes.length)
    expect(stalled.length, `stalled on ${this.#path}`).to.equal(count)
  }

  /** Opens connections, and waits until the engine has read what all of them sent. */
  async read(count: number, bytes: Buffer): Promise<void> {
    await this.#send(count, bytes)
    await settled(`the engine reads all bytes on ${this.#path}`, async () =>
      (await this.#received()).every((read) => read === bytes.length),
    )
  }

  async #send(count: number, bytes: Buffer): Promise<void> {
    this.#clients = []
    this.#served.length = 0
    for (let opened = 0; opened < count; opened += 100) {
      const batch = Array.from({ length: Math.min(100, count - opened) }, () => Wire.connect(this.#port))
      this.#clients.push(...(await Promise.all(batch)))
    }
    for (const { socket } of this.#clients) socket.pause()
    await settled(`all connections of ${this.#path} reach the upstream`, () => this.#served.length === count)
    const senders = this.#direction === 'upstream' ? this.#clients : this.#served
    for (const { socket } of senders) socket.write(bytes)
  }

  /** Bytes that the engine read from each open connection. */
  async #received(): Promise<readonly number[]> {
    const open = (await this.records()).filter(({ state }) => state === 'open')
    return open.map(({ bytes }) => bytes[this.#direction].received)
  }

  /** Sends FIN from all clients, and waits until the engine has read it. */
  async fin(): Promise<void> {
    await Promise.all(
      this.#clients.map(({ socket }) => new Promise<void>((resolve) => socket.end(() => resolve()))),
    )
    // The engine runs in this process and polls all its sockets in each turn.
    for (let turn = 0; turn < 3; turn++) await this.records()
  }

  /** Resets all clients, and expects every connection to be closed in time on both sides. */
  async reset(): Promise<void> {
    for (const client of this.#clients) client.rst()
    using timer = new TurnTimer(turnMs)
    while ((await this.records()).some(({ state }) => state !== 'closed')) {
      expect(timer.elapsedMs, `ms until all connections of ${this.#path} were closed`).to.be.at.most(
        noticeLimitMs,
      )
      await sleep(turnMs)
    }
    // A side that does not read does not notice the end of its connection.
    for (const { socket } of this.#served) socket.resume()
    await settled(`every upstream of ${this.#path} notices the end`, () => this.#upstream.open === 0)
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.socket.destroy()
    await this.#upstream.close()
  }
}

async function callApi(engine: EngineServer, path: string, body?: unknown): Promise<unknown> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  const answer = await fetch(engine.url + path, init)
  const text = await answer.text()
  expect(answer.status, text).to.be.within(200, 201)
  return JSON.parse(text)
}

/** Open sockets of this process, which has the clients, the upstreams and the engine. */
const sockets = (): number =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length

/** How many files this process may have open. */
function openFiles(): number {
  const { userLimits } = process.report.getReport() as {
    readonly userLimits?: { readonly open_files?: { readonly soft?: number | 'unlimited' } }
  }
  return Number(userLimits?.open_files?.soft ?? Number.NaN) || Number.POSITIVE_INFINITY
}

/** Waits until a condition holds. @throws Error that names the condition, after a minute. */
async function settled(condition: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const limit = performance.now() + 60_000
  while (!(await holds())) {
    if (performance.now() > limit) throw new Error(`not within a minute: ${condition}`)
    await sleep(turnMs)
  }
}
