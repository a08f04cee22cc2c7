import { expect } from 'chai'

import { ProxyCollection } from '#proxies/embedded/server/collection'
import { Metrics } from '#proxies/embedded/server/metrics'

/** Calls that arrive while a proxy is being replaced apply to the new proxy. */
describe('changes of one proxy run in sequence', () => {
  let proxies: ProxyCollection

  beforeEach(() => {
    const metrics = new Metrics({ proxyMetrics: false, runtimeMetrics: false })
    proxies = new ProxyCollection({ seed: 1, dialTimeoutMs: 1000, metrics })
  })
  afterEach(() => proxies.close())

  const proxy = (...toxics: readonly string[]): string =>
    JSON.stringify({
      name: 'p',
      listen: '127.0.0.1:0',
      upstream: '127.0.0.1:9',
      streamproof: { toxics: toxics.map((name) => ({ name, type: 'noop' })) },
    })
  const toxics = (): readonly string[] => proxies.get('p').toxics.map(({ name }) => name)

  it('adds, changes and removes toxics of the proxy that replaces another', async () => {
    await proxies.create(proxy('old'))
    const replaced = proxies.populate(`[${proxy('one', 'two')}]`)
    const added = proxies.addToxic('p', '{"type":"noop","name":"three"}')
    const changed = proxies.updateToxic('p', 'one', '{"toxicity":0.5}')
    const removed = proxies.removeToxic('p', 'two')
    await Promise.all([replaced, added, changed, removed])
    expect(toxics()).to.deep.equal(['one', 'three'])
    expect(proxies.toxic('p', 'one').toxicity).to.equal(0.5)
  })

  it('answers 404 for a toxic on a proxy that is being removed', async () => {
    await proxies.create(proxy('old'))
    const removed = proxies.remove('p')
    const added = proxies.addToxic('p', '{"type":"noop"}').catch((error: unknown) => error)
    await removed
    expect(await added).to.include({ status: 404, message: 'proxy not found' })
  })
})
