import { expect } from 'chai'
import fc from 'fast-check'

import { readFirstJson } from '#proxies/embedded/go-json/json'
import type { JsonValue } from '#proxies/embedded/go-json/json'
import { JsonNumber, JsonObject, JsonSyntaxError } from '#proxies/embedded/go-json/json'
import { startEngineServer } from '#proxies/embedded/server/server'
import type { EngineServer } from '#proxies/embedded/server/server'
import { Upstream, Wire } from '../../wire.ts'

const types = [
  'latency',
  'bandwidth',
  'slow_close',
  'timeout',
  'reset_peer',
  'slicer',
  'limit_data',
  'noop',
  'close_after',
  'corrupt',
  'stall',
  'shared_bandwidth',
  'down',
  '',
  'x',
]
const attributes = [
  'latency',
  'jitter',
  'rate',
  'delay',
  'timeout',
  'average_size',
  'size_variation',
  'bytes',
  'after',
  'offset',
  'length',
  'mask',
  'duration',
]

const number = fc.oneof(
  fc.integer(),
  fc.integer({ min: -3, max: 3 }),
  fc.double(),
  fc.constantFrom(2 ** 31, 2 ** 53, 2 ** 63, -(2 ** 63), 1e300, -1),
)
const value = fc.oneof(number, fc.string(), fc.boolean(), fc.constant(null), fc.jsonValue())
const attributeBag = fc.dictionary(
  fc.constantFrom(...attributes),
  fc.oneof({ weight: 3, arbitrary: number }, value),
)
const toxicBody = fc.record(
  {
    type: fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...types) }, value),
    name: fc.oneof(fc.string(), value),
    stream: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('upstream', 'downstream', 'UPSTREAM', '') },
      value,
    ),
    toxicity: value,
    attributes: fc.oneof({ weight: 4, arbitrary: attributeBag }, value),
    streamproof: fc.oneof(fc.record({ connections: value }), value),
  },
  { requiredKeys: [] },
)
const proxyBody = fc.record(
  {
    name: fc.oneof(fc.constantFrom('f1', 'f2', '__proto__', 'constructor'), value),
    upstream: fc.oneof(fc.constantFrom('127.0.0.1:1', 'x', '[::1]:2', ':'), value),
    listen: fc.oneof(fc.constantFrom('127.0.0.1:0', '', 'bad', '127.0.0.1:70000', '[', ':'), number),
    enabled: value,
    toxics: value,
    streamproof: fc.oneof(
      fc.record(
        { seed: value, half_close: value, carry_reset: value, toxics: fc.array(toxicBody, { maxLength: 3 }) },
        { requiredKeys: [] },
      ),
      value,
    ),
  },
  { requiredKeys: [] },
)
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.json().map((json) => json.slice(0, -1)),
  fc.json(),
)
/** Bodies that are usually valid, so that toxics are created, changed and used. */
const goodToxic = fc.record(
  {
    type: fc.constantFrom(...types.slice(0, 12)),
    name: fc.string({ minLength: 1 }),
    stream: fc.constantFrom('upstream', 'downstream'),
    toxicity: fc.double({ min: 0, max: 1, noNaN: true }),
    attributes: fc.dictionary(fc.constantFrom(...attributes), fc.integer({ min: 0, max: 300 })),
  },
  { requiredKeys: ['type', 'name'] },
)
const goodProxy = fc.record(
  {
    name: fc.constantFrom('f1', 'f2', 'f3'),
    upstream: fc.constantFrom('127.0.0.1:1', '[::1]:2'),
    listen: fc.constantFrom('127.0.0.1:0', '127.0.0.1:1'),
    enabled: fc.boolean(),
    streamproof: fc.record({ toxics: fc.array(goodToxic, { maxLength: 3 }), seed: fc.nat() }),
  },
  { requiredKeys: ['name', 'upstream', 'listen'] },
)
const asJson = (arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<string> =>
  arbitrary.map((generated) => JSON.stringify(generated))
const anything = fc.oneof(
  { weight: 4, arbitrary: asJson(toxicBody) },
  { weight: 2, arbitrary: asJson(proxyBody) },
  { weight: 1, arbitrary: asJson(fc.array(proxyBody, { maxLength: 3 })) },
  { weight: 1, arbitrary: text },
)
const to = (
  weight: number,
  methods: readonly string[],
  paths: readonly string[],
  ...fitting: readonly fc.Arbitrary<unknown>[]
) => ({
  weight,
  arbitrary: fc.record({
    method: fc.constantFrom(...methods),
    path: fc.constantFrom(...paths),
    body: fc.oneof({ weight: 3, arbitrary: fc.oneof(...fitting.map(asJson), anything) }, anything),
  }),
})
const changes = ['POST', 'PATCH']
const call = fc.oneof(
  to(60, ['POST'], ['/proxies/p/toxics', '/proxies/f1/toxics'], goodToxic, toxicBody),
  to(40, changes, ['/proxies/p/toxics/t'], goodToxic, toxicBody),
  to(30, ['POST'], ['/proxies'], goodProxy, proxyBody),
  to(
    30,
    ['POST'],
    ['/populate'],
    fc.array(goodProxy, { maxLength: 3 }),
    fc.array(proxyBody, { maxLength: 3 }),
  ),
  to(30, changes, ['/proxies/p', '/proxies/f1'], goodProxy, proxyBody),
  to(10, ['POST'], ['/proxies/p/connections'], fc.record({ action: fc.constantFrom('close', 'reset') })),
  to(2, ['POST'], ['/reset']),
  to(3, ['PATCH'], ['/proxies', '/populate', '/reset', '/proxies/p/toxics', '/proxies/p/connections']),
)

/** `STREAMPROOF_FUZZ` sets another number. */
const bodies = Number(process.env['STREAMPROOF_FUZZ'] ?? 10_000)

describe('arbitrary bodies', () => {
  let engine: EngineServer
  let upstream: Upstream

  before(async () => {
    engine = await startEngineServer({ host: '127.0.0.1', port: 0, seed: 1 })
    upstream = await Upstream.echo()
  })

  after(async () => {
    await engine.close()
    await upstream.close()
  })

  it(`${bodies} of them get a defined status, and those that are refused change nothing`, async function () {
    // On a busy machine a body may take ten times as long as usual.
    this.timeout(20_000 + bodies * 50)
    const ask = (method: string, path: string, body?: string) =>
      fetch(engine.url + path, {
        method,
        signal: AbortSignal.timeout(60_000),
        ...(body === undefined ? {} : { body }),
      })
    const recreateProxy = async (): Promise<number> => {
      await ask('DELETE', '/proxies/p')
      const body = JSON.stringify({
        name: 'p',
        listen: '127.0.0.1:0',
        upstream: `127.0.0.1:${upstream.port}`,
      })
      const created = await ask('POST', '/proxies', body)
      await ask('POST', '/proxies/p/toxics', '{"type":"latency","name":"t"}')
      return Number(/:(\d+)$/.exec(((await created.json()) as { listen: string }).listen)?.[1])
    }
    const statuses = new Map<number, number>()
    const proxies = async (): Promise<string> => (await ask('GET', '/proxies')).text()
    let runs = 0
    let port = await recreateProxy()
    let state = await proxies()
    await fc.assert(
      fc.asyncProperty(call, async ({ path, method, body }) => {
        runs++
        // Toxics accumulate on p. From time to time it is created again, after some data has passed all toxics.
        if (runs % 50 === 0) {
          const wire = await Wire.connect(port).catch(() => null)
          wire?.send('some data for the toxics')
          await ask('GET', '/version')
          wire?.rst()
          port = await recreateProxy()
          state = await proxies()
        }
        const answer = await ask(method, path, body)
        const text = await answer.text()
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
        expect(answer.status, text).to.be.oneOf([200, 201, 204, 400, 404, 405, 409, 500])
        expect(text).to.not.include('internal error')
        if (answer.status === 400) expect(JSON.parse(text)).to.include({ status: 400 })
        // A refused body has changed nothing. Only a failure of the listener (500) may have.
        const before = state
        state = await proxies()
        if (answer.status >= 400 && answer.status < 500) expect(state, body).to.equal(before)
      }),
      { numRuns: bodies, seed: 20_261_123 },
    )
    expect((await ask('GET', '/version')).status).to.equal(200)
    // Both accepted and refused bodies were frequent.
    expect((statuses.get(200) ?? 0) + (statuses.get(201) ?? 0), [...statuses].join(' ')).to.be.greaterThan(
      bodies / 10,
    )
    expect(statuses.get(400) ?? 0, [...statuses].join(' ')).to.be.greaterThan(bodies / 10)
  })

  it('that are too long are refused', async () => {
    const answer = await fetch(`${engine.url}/proxies`, {
      method: 'POST',
      body: `"${'x'.repeat(9 * 1024 * 1024)}"`,
    })
    expect(answer.status).to.equal(400)
    expect((await fetch(`${engine.url}/version`)).status).to.equal(200)
  })

  it('that are nested too deep are refused', async () => {
    const answer = await fetch(`${engine.url}/proxies`, { method: 'POST', body: '['.repeat(1_000_000) })
    expect(await answer.json()).to.deep.equal({ error: 'bad request body: exceeded max depth', status: 400 })
  })

  it('reads JSON as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json(), fc.string(), (json, rest) => {
        expect(plain(readFirstJson(`${json} ${/^[0-9.eE+-]/.test(rest) ? '' : rest}`))).to.deep.equal(
          JSON.parse(json),
        )
      }),
      { numRuns: 500, seed: 7 },
    )
  })

  it('throws only JsonSyntaxError for text that is not JSON', () => {
    fc.assert(
      fc.property(text, (input) => {
        try {
          readFirstJson(input)
        } catch (error) {
          expect(error).to.be.instanceOf(JsonSyntaxError)
        }
      }),
      { numRuns: 1000, seed: 7 },
    )
  })
})

function plain(read: JsonValue): unknown {
  if (read instanceof JsonNumber) return Number(read.text)
  if (read instanceof JsonObject)
    return Object.fromEntries(read.members.map(([name, member]) => [name, plain(member)]))
  if (Array.isArray(read)) return read.map(plain)
  return read
}
