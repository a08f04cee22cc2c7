import { expect } from 'chai'

import { startEngineServer } from '#proxies/embedded/server/server'
import type { EngineServer } from '#proxies/embedded/server/server'
import { toxicTypes } from '#proxies/embedded/toxics/index'
import type { ToxicType } from '#proxies/embedded/toxics/toxic'
import { Row } from '../../contract/contract.ts'

/** Valid settings of a toxic, none of them 0 if another value is allowed. */
function validSettings({ settings, check }: ToxicType): Record<string, number> {
  const entries = Object.entries(settings).map(([name, { min, max }]) => [
    name,
    Math.min(max, Math.max(min, 50)),
  ])
  const attributes = Object.fromEntries(entries) as Record<string, number>
  expect(check(attributes)).to.equal(null)
  return attributes
}

/** JSON that is not valid for any setting, and numbers that are not valid for this one. */
function invalidValues({ min, max }: { readonly min: number; readonly max: number }): readonly string[] {
  const beyond = [min - 1, max + 1].map((number) => BigInt(number).toString())
  return [...beyond, '1.5', '1e2', '"1"', 'true', '[]', '{}', '9007199254740993', '-9007199254740993']
}

/** A body that is refused with 400 changes nothing. */
describe('validation of bodies', () => {
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

  const refused = async (method: string, path: string, body: string): Promise<void> => {
    const answer = await t.api(method, path, body)
    expect(answer.status, `${method} ${body}: ${answer.text}`).to.equal(400)
    expect(answer.json).to.include({ status: 400 })
  }

  for (const kind of toxicTypes.values()) {
    const { type, settings } = kind
    const names = Object.keys(settings)
    if (names.length === 0) continue

    it(`creates no ${type} with an invalid attribute`, async () => {
      const { path } = await t.proxy('x:1')
      for (const name of names) {
        for (const value of invalidValues(settings[name] ?? { min: 0, max: 0 })) {
          // The invalid attribute is the last; the others are valid.
          const { [name]: _, ...others } = validSettings(kind)
          const attributes = JSON.stringify({ ...others, [name]: '?' }).replace('"?"', value)
          await refused('POST', `${path}/toxics`, `{"type":"${type}","attributes":${attributes}}`)
        }
      }
      expect((await t.api('GET', `${path}/toxics`)).json).to.deep.equal([])
    })

    it(`changes nothing of a ${type} if an attribute or the toxicity is invalid`, async () => {
      const { path, name: proxy } = await t.proxy('x:1')
      const toxic = await t.toxic(proxy, { type, toxicity: 0.25, attributes: validSettings(kind) })
      const before = (await t.api('GET', path)).text
      // The update changes everything else; the invalid member is the first or the last.
      const changed = Object.fromEntries(
        Object.entries(validSettings(kind)).map(([name, value]) => [name, value - 1]),
      )
      for (const name of names) {
        const { [name]: _, ...others } = changed
        for (const value of invalidValues(settings[name] ?? { min: 0, max: 0 })) {
          for (const attributes of [
            { [name]: '?', ...others },
            { ...others, [name]: '?' },
          ]) {
            const text = JSON.stringify(attributes).replace('"?"', value)
            await refused('PATCH', toxic, `{"toxicity":0.75,"attributes":${text}}`)
          }
        }
      }
      for (const toxicity of ['1.5', '-0.1', '"1"', 'true', '[]', '1e400'])
        await refused('PATCH', toxic, `{"attributes":${JSON.stringify(changed)},"toxicity":${toxicity}}`)
      expect((await t.api('GET', path)).text).to.equal(before)
    })
  }

  it('changes nothing of a slicer if its variation would be above its size', async () => {
    const { path, name } = await t.proxy('x:1')
    const toxic = await t.toxic(name, {
      type: 'slicer',
      attributes: { average_size: 10, size_variation: 5 },
    })
    const before = (await t.api('GET', path)).text
    await refused('PATCH', toxic, '{"toxicity":0.5,"attributes":{"average_size":4,"delay":9}}')
    await refused('PATCH', toxic, '{"toxicity":0.5,"attributes":{"size_variation":11,"delay":9}}')
    expect((await t.api('GET', path)).text).to.equal(before)
  })

  it('allows 1000 toxics on a proxy and no more', async () => {
    const toxics = Array.from({ length: 40_000 }, (_, index) => ({ type: 'noop', name: `n${index}` }))
    const proxy = (count: number): string =>
      JSON.stringify({ name: 'many', upstream: 'x:1', streamproof: { toxics: toxics.slice(0, count) } })
    for (const count of [1001, 40_000]) await refused('POST', '/proxies', proxy(count))
    await refused('POST', '/populate', `[${proxy(1001)}]`)
    expect((await t.api('GET', '/proxies/many')).status).to.equal(404)
    expect((await t.api('POST', '/proxies', proxy(1000))).status).to.equal(201)
    const before = (await t.api('GET', '/proxies/many')).text
    await refused('POST', '/proxies/many/toxics', '{"type":"noop"}')
    expect((await t.api('GET', '/proxies/many')).text).to.equal(before)
    await t.api('DELETE', '/proxies/many')
  })

  it('changes nothing of a proxy if a field is invalid', async () => {
    const { path } = await t.proxy('x:1', { streamproof: { seed: 1 } })
    const before = (await t.api('GET', path)).text
    for (const body of [
      '{"upstream":"y:1","enabled":"no"}',
      '{"enabled":false,"upstream":5}',
      '{"upstream":"y:1","listen":5}',
      '{"upstream":"y:1","streamproof":{"half_close":true,"seed":"x"}}',
      '{"upstream":"y:1","streamproof":{"half_close":true,"sed":1}}',
      '{"enabled":false,"streamproof":5}',
    ])
      await refused('PATCH', path, body)
    expect((await t.api('GET', path)).text).to.equal(before)
  })
})
