import { expect } from 'chai'
import nock from 'nock'

import { ToxiproxyClient } from '#proxies/driver/api/client'
import { ToxiproxyCallError } from '#proxies/driver/api/transport'

// nock intercepts HTTP as soon as it is loaded; restore it, so that it does so in these tests alone.
nock.restore()

const url = 'http://toxiproxy.test:8474'

async function failure(work: Promise<unknown>): Promise<ToxiproxyCallError> {
  try {
    await work
  } catch (error) {
    expect(error).to.be.instanceOf(ToxiproxyCallError)
    return error as ToxiproxyCallError
  }
  throw new Error('nothing was thrown')
}

describe('Toxiproxy client', () => {
  const client = new ToxiproxyClient(url, 300)
  const proxy = { name: 'p', listen: '127.0.0.1:1', upstream: 'x:1', enabled: true, Logger: {}, toxics: [] }

  before(() => {
    nock.activate()
    nock.disableNetConnect()
  })
  afterEach(() => {
    expect(nock.pendingMocks()).to.deep.equal([])
    nock.cleanAll()
  })
  after(() => {
    nock.enableNetConnect()
    nock.restore()
  })

  it('reads the version and which server answered', async () => {
    nock(url).get('/version').reply(200, '{"version": "2.12.0"}\n')
    expect(await client.version()).to.deep.equal({ version: '2.12.0', embedded: null, clock: null })
    const headers = { 'X-Streamproof-Engine': '1.2.3', Date: 'Thu, 01 Jan 1970 00:01:00 GMT' }
    nock(url).get('/version').reply(200, '{"version": "2.12.0"}\n', headers)
    expect(await client.version()).to.deep.equal({ version: '2.12.0', embedded: '1.2.3', clock: 60_000 })
  })

  for (const [server, body, version] of [
    ['2.5.0', '2.5.0', '2.5.0'],
    ['2.5.0, built without a version number', 'git', 'git'],
    ['2.6.0', String.raw`{"version": "2.6.0"}\n`, '2.6.0'],
    ['2.7.0', '{"version": "2.7.0"}', '2.7.0'],
    ['2.12.0, built without a version number', '{"version": "git"}\n', 'git'],
  ] as const) {
    it(`reads the version in the format of ${server}`, async () => {
      nock(url).get('/version').reply(200, body)
      expect(await client.version()).to.deep.equal({ version, embedded: null, clock: null })
    })
  }

  for (const [answer, body] of [
    ['not JSON', '<html>welcome</html>'],
    ['no version', '{}'],
    ['a number', '{"version":2}'],
    ['null', 'null'],
    ['empty', ''],
  ] as const) {
    it(`rejects a version that is ${answer}`, async () => {
      nock(url).get('/version').reply(200, body)
      const error = await client.version().then(
        () => null,
        (thrown: Error) => thrown,
      )
      expect(error?.message).to.equal('GET /version: the answer is not that of a Toxiproxy')
    })
  }

  it('keeps the text and status of a refusal', async () => {
    nock(url)
      .post('/proxies')
      .reply(409, '{"error":"proxy already exists","status":409}\n', { 'content-type': 'text/plain' })
    const error = await failure(client.createProxy({ name: 'p', listen: '', upstream: 'x:1' }))
    expect(error).to.include({ status: 409, detail: 'proxy already exists', call: 'POST /proxies' })
    expect(error.message).to.equal('POST /proxies: 409 proxy already exists')
  })

  it('shortens a refusal that is not JSON to one printable line', async () => {
    nock(url)
      .get('/proxies')
      .reply(503, `<html>\n<b>Timeout</b>\u001b[31m${'x'.repeat(500)}`)
    const error = await failure(client.proxies())
    expect(error.status).to.equal(503)
    expect(error.detail).to.match(/^<html> <b>Timeout<\/b> \[31mx+…$/)
    expect(error.detail.length).to.be.lessThan(210)
  })

  it('keeps the cause of a network error', async () => {
    nock(url)
      .get('/proxies')
      .replyWithError(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }))
    const error = await failure(client.proxies())
    expect(error).to.include({ status: null, detail: 'ECONNREFUSED' })
    expect(error.cause).to.be.instanceOf(Error)
  })

  it('throws on a call that is not answered in time', async () => {
    nock(url).delete('/proxies/p').delay(2000).reply(204)
    const error = await failure(client.removeProxy('p'))
    expect(error.message).to.equal('DELETE /proxies/p: no answer within 300 ms')
    nock.abortPendingRequests()
  })

  it('throws on a body that does not end in time', async () => {
    nock(url).get('/proxies').delayBody(2000).reply(200, '{}')
    const error = await failure(client.proxies())
    expect(error.detail).to.equal('no answer within 300 ms')
    nock.abortPendingRequests()
  })

  it('does not follow a redirect, which would turn a POST into a GET', async () => {
    nock(url).post('/proxies').reply(301, '', { location: '/proxies' })
    expect((await failure(client.createProxy({ name: 'p', listen: '', upstream: 'x:1' }))).status).to.equal(
      301,
    )
  })

  it('accepts an address that ends in slashes', async () => {
    nock(url).post('/proxies').reply(201, proxy)
    const created = await new ToxiproxyClient(`${url}//`).createProxy({
      name: 'p',
      listen: '',
      upstream: 'x:1',
    })
    expect(created.listen).to.equal('127.0.0.1:1')
  })

  it('encodes names in every path', async () => {
    const name = '../a?b/c#d é'
    const encoded = '..%2Fa%3Fb%2Fc%23d%20%C3%A9'
    const scope = nock(url)
    scope.post(`/proxies/${encoded}`).reply(200, proxy)
    scope.delete(`/proxies/${encoded}`).reply(204)
    scope
      .post(`/proxies/${encoded}/toxics`)
      .reply(200, { name: 't', type: 'noop', stream: 'upstream', toxicity: 1, attributes: {} })
    scope.delete(`/proxies/${encoded}/toxics/${encoded}`).reply(204)
    await client.updateProxy(name, { enabled: false })
    await client.addToxic(name, { type: 'noop', stream: 'upstream', attributes: {} })
    await client.removeToxic(name, name)
    await client.removeProxy(name)
  })

  it('lists proxies with their toxics', async () => {
    const toxic = { name: 't', type: 'noop', stream: 'upstream', toxicity: 1, attributes: {} }
    nock(url)
      .get('/proxies')
      .reply(200, { p: { ...proxy, toxics: [toxic] } })
    const [listed] = await client.proxies()
    expect(listed?.toxics).to.deep.equal([toxic])
  })

  it('omits the fields that a toxic omits, so that the server chooses them', async () => {
    nock(url)
      .post('/proxies/p/toxics', { type: 'latency', stream: 'upstream', attributes: { latency: 1 } })
      .reply(200, {
        name: 'latency_upstream',
        type: 'latency',
        stream: 'upstream',
        toxicity: 1,
        attributes: { latency: 1, jitter: 0 },
      })
    const created = await client.addToxic('p', {
      type: 'latency',
      stream: 'upstream',
      attributes: { latency: 1 },
    })
    expect(created).to.include({ name: 'latency_upstream', toxicity: 1 })
  })

  for (const [answer, body] of [
    ['null', 'null'],
    ['an empty object', '{}'],
  ] as const) {
    it(`rejects ${answer} in place of a proxy in the list`, async () => {
      nock(url).get('/proxies').reply(200, `{"p": ${body}}`)
      const error = await client.proxies().then(
        () => null,
        (thrown: Error) => thrown,
      )
      expect(error?.message).to.equal('the answer is not that of a Toxiproxy: no proxy in it')
    })
  }

  it('rejects an empty answer in place of a created proxy', async () => {
    nock(url).post('/proxies').reply(201, '{}')
    const error = await client.createProxy({ name: 'p', listen: '', upstream: 'x:1' }).then(
      () => null,
      (thrown: Error) => thrown,
    )
    expect(error?.message).to.equal('the answer is not that of a Toxiproxy: no proxy in it')
  })

  it('rejects an answer that is not JSON', async () => {
    nock(url).get('/proxies').reply(200, '<html>')
    expect((await failure(client.proxies())).detail).to.equal('the answer is not JSON: <html>')
  })
})
