import { expect } from 'chai'

import type { ConnectionJson } from '#proxies/embedded/proxy/connection-log'
import { startEngineServer } from '#proxies/embedded/server/server'
import type { EngineServer } from '#proxies/embedded/server/server'
import { toxicTypes } from '#proxies/embedded/toxics/index'
import { Upstream, Wire, quiet, sleep } from '../wire.ts'

type Direction = 'upstream' | 'downstream'
type Toxic = readonly [type: string, attributes: Readonly<Record<string, number>>]

/** More than kernel and engine hold for one direction; all connections send the same bytes, so they are there once. */
const flood = Buffer.alloc(24 * 1024 * 1024)
/** More than the engine holds by itself: enough where a toxic lets nothing pass. */
const little = flood.subarray(0, 512 * 1024)

/** How soon a reset is to be noticed, in turns of a timer: a process that was held up has not had them. */
const turnMs = 100
const turnLimit = 5000 / turnMs

const hour = 3_600_000
/** With these nothing moves, although everybody reads. */
const holding: readonly Toxic[] = [
  ['bandwidth', { rate: 0 }],
  ['reset_peer', { timeout: hour }],
  ['slicer', { average_size: 100, delay: hour * 1000 }],
  ['stall', { bytes: 10_000, duration: hour }],
]
/** With these a few bytes, or the end behind them, stay where they are; nobody is held up by them. */
const keeping: readonly Toxic[] = [
  ['bandwidth', { rate: 0 }],
  ['latency', { latency: hour }],
  ['slow_close', { delay: hour }],
  ['reset_peer', { timeout: hour }],
  ['slicer', { average_size: 1, delay: hour * 1000 }],
  ['stall', { bytes: 1, duration: hour }],
]
/** With these it is the reader that holds everything up. */
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

/** The real server notices none of these resets: its row of the contract is `link/reset-unnoticed`. */
describe('engine under resets of stalled clients', function () {
  this.timeout(120_000)
  let engine: EngineServer
  const herds: Herd[] = []
  let socketsBefore = 0
  let limit = 0

  before(() => {
    limit = openFiles()
  })
  beforeEach(async () => {
    engine = await startEngineServer({ host: '127.0.0.1', port: 0, seed: 1 })
    await ask(engine, '/version')
    socketsBefore = sockets()
  })
  afterEach(async () => {
    for (const herd of herds.splice(0)) await herd.close()
    await engine.close()
  })

  const herd = async (name: string, direction: Direction, toxics: readonly Toxic[]): Promise<Herd> => {
    const one = await Herd.open(engine, name, direction, toxics)
    herds.push(one)
    return one
  }
  /** Each takes four descriptors: two for its ends, two of the engine. */
  const affordable = (wanted: number): number => {
    const count = Math.min(wanted, Math.floor((limit - 200) / 4))
    if (count < wanted)
      process.stderr.write(`      ${count} of ${wanted}: this process may open no more files\n`)
    return count
  }
  // What is left are those by which the API is asked.
  const noneLeft = (allowed: number): Promise<void> =>
    settled('no socket is left', () => sockets() <= socketsBefore + allowed)

  // The kernel holds megabytes for each of them: not all at a time.
  for (const [direction, who, rounds] of [
    ['downstream', 'client', 4],
    ['upstream', 'upstream', 1],
  ] as const) {
    it(`notices ${rounds * 250} whose ${who} does not read, 250 at a time`, async () => {
      const one = await herd('p', direction, [])
      const count = affordable(250)
      for (let round = 0; round < rounds; round++) {
        await one.stall(count, flood)
        await one.reset()
      }
      expect(await one.records()).to.have.length(rounds * count)
      await noneLeft(4)
    })
  }

  it('tries every toxic that there is', () => {
    const tried = new Set(['timeout', ...[...holding, ...passing].map(([type]) => type)])
    expect([...tried].toSorted()).to.deep.equal([...toxicTypes.keys()].toSorted())
  })

  for (const direction of ['downstream', 'upstream'] as const) {
    it(`notices 1000 whose link a toxic holds up ${direction}`, async () => {
      const one = await herd('p', direction, [['bandwidth', { rate: 0 }]])
      await one.stall(affordable(1000), little)
      await one.reset()
      await noneLeft(4)
    })

    it(`notices it under every toxic, ${direction}`, async () => {
      const all: (readonly [Herd, Buffer])[] = []
      for (const toxic of holding) all.push([await herd(toxic[0], direction, [toxic]), little])
      for (const toxic of passing) all.push([await herd(`${toxic[0]}, passing`, direction, [toxic]), flood])
      const dropping = await herd('timeout', direction, [['timeout', { timeout: 0 }]])
      await Promise.all([dropping.read(8, little), ...all.map(([one, bytes]) => one.stall(8, bytes))])
      await Promise.all([dropping, ...all.map(([one]) => one)].map((one) => one.reset()))
      await noneLeft(2 * all.length)
    })

    it(`notices it where a toxic keeps five bytes, ${direction}`, async () => {
      const all: Herd[] = []
      for (const toxic of keeping) all.push(await herd(toxic[0], direction, [toxic]))
      const behind = ['a shaped line before a slow close', 'one behind'] as const
      const shaped: readonly Toxic[] = [
        ['bandwidth', { rate: 0 }],
        ['slow_close', { delay: 1 }],
      ]
      all.push(await herd(behind[0], direction, shaped))
      all.push(await herd(behind[1], direction, shaped.toReversed()))
      await Promise.all(all.map((one) => one.read(8, Buffer.from('five.'))))
      await Promise.all(all.map((one) => one.reset()))
      await noneLeft(2 * all.length)
    })

    it(`notices it behind a FIN, where a toxic keeps five bytes, ${direction}`, async () => {
      const all: Herd[] = []
      for (const toxic of keeping) all.push(await herd(toxic[0], direction, [toxic]))
      await Promise.all(all.map((one) => one.read(8, Buffer.from('five.'))))
      await Promise.all(all.map((one) => one.fin()))
      await Promise.all(all.map((one) => one.reset()))
      await noneLeft(2 * all.length)
    })
  }
})

/** Connections through one proxy, all sending in one direction to somebody who does not read. */
class Herd {
  readonly #engine: EngineServer
  readonly #upstream: Upstream
  readonly #path: string
  readonly #direction: Direction
  readonly #port: number
  /** As the upstream accepted them. */
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
  ): Promise<Herd> {
    const served: Wire[] = []
    const upstream = await Upstream.open((wire) => {
      served.push(wire)
      wire.socket.pause()
      void wire.ended.then(() => wire.socket.destroy())
    })
    const made = await ask(engine, '/proxies', {
      name,
      listen: '127.0.0.1:0',
      upstream: `127.0.0.1:${upstream.port}`,
      streamproof: { toxics: toxics.map(([type, attributes]) => ({ type, stream: direction, attributes })) },
    })
    const port = Number(/:(\d+)$/.exec((made as { readonly listen: string }).listen)?.[1])
    return new Herd(engine, upstream, served, `/proxies/${encodeURIComponent(name)}`, direction, port)
  }

  async records(): Promise<readonly ConnectionJson[]> {
    const answer = await ask(this.#engine, `${this.#path}/connections`)
    return (answer as { readonly connections: ConnectionJson[] }).connections
  }

  /** Opens so many, and has all of them send until nothing moves any more. */
  async stall(count: number, bytes: Buffer): Promise<void> {
    await this.#send(count, bytes)
    // Until the engine has read nothing more for half a second.
    await quiet(`all of ${this.#path} are held up`, async () =>
      (await this.#received()).reduce((sum, one) => sum + one, 0),
    )
    const stalled = (await this.#received()).filter((read) => read < bytes.length)
    expect(stalled.length, `held up on ${this.#path}`).to.equal(count)
  }

  /** Opens so many, and has all of them send what the engine reads, whatever becomes of it. */
  async read(count: number, bytes: Buffer): Promise<void> {
    await this.#send(count, bytes)
    await settled(`all of ${this.#path} is read`, async () =>
      (await this.#received()).every((read) => read === bytes.length),
    )
  }

  async #send(count: number, bytes: Buffer): Promise<void> {
    this.#clients = []
    this.#served.length = 0
    for (let opened = 0; opened < count; opened += 100) {
      const some = Array.from({ length: Math.min(100, count - opened) }, () => Wire.connect(this.#port))
      this.#clients.push(...(await Promise.all(some)))
    }
    for (const { socket } of this.#clients) socket.pause()
    await settled(`all of ${this.#path} come through`, () => this.#served.length === count)
    const senders = this.#direction === 'upstream' ? this.#clients : this.#served
    for (const { socket } of senders) socket.write(bytes)
  }

  /** What was read of each that stands. */
  async #received(): Promise<readonly number[]> {
    const standing = (await this.records()).filter((one) => one.state === 'open')
    return standing.map((one) => one.bytes[this.#direction].received)
  }

  /** All clients send FIN, and the engine has seen it. */
  async fin(): Promise<void> {
    await Promise.all(
      this.#clients.map(({ socket }) => new Promise<void>((resolve) => socket.end(() => resolve()))),
    )
    // It runs in this process, and looks at all its sockets in each turn.
    for (let turn = 0; turn < 3; turn++) await this.records()
  }

  /** Resets all clients: every connection must be over in time, with nothing left of it anywhere. */
  async reset(): Promise<void> {
    for (const client of this.#clients) client.rst()
    let passed = 0
    const timer = setInterval(() => passed++, turnMs)
    try {
      while ((await this.records()).some((one) => one.state !== 'closed')) {
        expect(passed, `turns of the timer until all of ${this.#path} were over`).to.be.at.most(turnLimit)
        await sleep(turnMs)
      }
    } finally {
      clearInterval(timer)
    }
    // One that does not read cannot know yet that its connection has ended.
    for (const { socket } of this.#served) socket.resume()
    await settled(`every upstream of ${this.#path} has seen its end`, () => this.#upstream.open === 0)
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.socket.destroy()
    await this.#upstream.close()
  }
}

async function ask(engine: EngineServer, path: string, body?: unknown): Promise<unknown> {
  const more = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  const answer = await fetch(engine.url + path, more)
  const text = await answer.text()
  expect(answer.status, text).to.be.within(200, 201)
  return JSON.parse(text)
}

/** Of this process, in which are clients, upstreams and the engine. */
const sockets = (): number => process.getActiveResourcesInfo().filter((one) => one === 'TCPSocketWrap').length

/** How many files this process may have open. */
function openFiles(): number {
  const { userLimits } = process.report.getReport() as {
    readonly userLimits?: { readonly open_files?: { readonly soft?: number | 'unlimited' } }
  }
  return Number(userLimits?.open_files?.soft ?? Number.NaN) || Number.POSITIVE_INFINITY
}

/** Waits until something holds; throws with `what` after a minute. */
async function settled(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const limit = performance.now() + 60_000
  while (!(await holds())) {
    if (performance.now() > limit) throw new Error(`it never came about that ${what}`)
    await sleep(turnMs)
  }
}
