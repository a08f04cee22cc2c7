import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

import { expect } from 'chai'

import { contract } from './contract.ts'

contract('populate', { concurrent: false }, ({ row }) => {
  row('populate/answer', '201 and the proxies in the order of the body', async (t) => {
    const names = [t.name(), t.name()].toReversed()
    const answer = await t.api(
      'POST',
      '/populate',
      names.map((name) => ({ name, upstream: 'x:1', listen: '127.0.0.1:0' })),
    )
    expect(answer.status).to.equal(201)
    expect(answer.headers.get('content-type')).to.equal('application/json')
    expect((answer.json as { proxies: { name: string }[] }).proxies.map(({ name }) => name)).to.deep.equal(
      names,
    )
  })
  row('populate/nothing', 'an empty array gives `{"proxies":null}`', async (t) => {
    const answer = await t.api('POST', '/populate', [])
    expect([answer.status, answer.text]).to.deep.equal([201, '{"proxies":null}'])
  })
  row('populate/null', 'null gives `{"proxies":null}`', async (t) => {
    expect((await t.api('POST', '/populate', 'null')).text).to.equal('{"proxies":null}')
  })
  row('populate/no-name', 'a missing name is reported with the number of the proxy, from 1', async (t) => {
    const answer = await t.api('POST', '/populate', [{ name: 'a', upstream: 'x:1' }, {}])
    expect(answer.text).to.equal(
      '{"error":"missing required field: name at proxy 2","status":400,"proxies":null}',
    )
  })
  row('populate/error-type', 'refusals of populate are `application/json`, unlike all others', async (t) => {
    expect((await t.api('POST', '/populate', [{}])).headers.get('content-type')).to.equal('application/json')
  })
  row('populate/no-upstream', 'a missing upstream is reported with the number of the proxy', async (t) => {
    const answer = await t.api('POST', '/populate', [{ name: 'a' }])
    expect(answer.json).to.deep.equal({
      error: 'missing required field: upstream at proxy 1',
      status: 400,
      proxies: null,
    })
  })
  row('populate/checked-first', 'the whole array is checked before any proxy is created', async (t) => {
    const name = t.name()
    await t.api('POST', '/populate', [{ name, upstream: 'x:1', enabled: false }, { name: 'b' }])
    expect((await t.api('GET', `/proxies/${name}`)).status).to.equal(404)
  })
  row('populate/object', 'a body that is not an array is 400', async (t) => {
    expect((await t.api('POST', '/populate', {})).json).to.deep.equal({
      error:
        'bad request body: json: cannot unmarshal object into Go value of type []struct { toxiproxy.Proxy; Enabled *bool "json:\\"enabled\\"" }',
      status: 400,
      proxies: null,
    })
  })
  row('populate/element', 'an element that is not an object is 400', async (t) => {
    expect((await t.api('POST', '/populate', [5])).status).to.equal(400)
  })
  row(
    'populate/field',
    'a field of the wrong type is 400, named as a field of the struct around the proxy',
    async (t) => {
      for (const [body, kind, field] of [
        [{ name: 5 }, 'number', '.Proxy.name of type string'],
        [{ listen: true }, 'bool', '.Proxy.listen of type string'],
        [{ enabled: 'x' }, 'string', '.enabled of type bool'],
      ] as const) {
        expect((await t.api('POST', '/populate', [body])).json).to.deep.equal({
          error: `bad request body: json: cannot unmarshal ${kind} into Go struct field ${field}`,
          status: 400,
          proxies: null,
        })
      }
    },
  )
  row('populate/null-element', 'a null element is a proxy without a name', async (t) => {
    expect((await t.api('POST', '/populate', [null])).json).to.include({
      error: 'missing required field: name at proxy 1',
    })
  })
  row('populate/empty-body', 'an empty body is 400', async (t) => {
    expect((await t.api('POST', '/populate', '')).text).to.equal(
      '{"error":"bad request body: EOF","status":400,"proxies":null}',
    )
  })
  row('populate/enabled-default', '`enabled` defaults to true', async (t) => {
    const answer = await t.api('POST', '/populate', [
      { name: t.name(), upstream: 'x:1', listen: '127.0.0.1:0' },
    ])
    expect((answer.json as { proxies: unknown[] }).proxies[0]).to.include({ enabled: true })
  })
  row('populate/disabled', 'a disabled proxy keeps `listen` as sent', async (t) => {
    const answer = await t.api('POST', '/populate', [
      { name: t.name(), upstream: 'x:1', listen: 'localhost:0', enabled: false },
    ])
    expect((answer.json as { proxies: unknown[] }).proxies[0]).to.include({
      enabled: false,
      listen: 'localhost:0',
    })
  })
  row('populate/toxics-ignored', 'toxics in the array are ignored', async (t) => {
    const name = t.name()
    await t.api('POST', '/populate', [{ name, upstream: 'x:1', enabled: false, toxics: [{ type: 'noop' }] }])
    expect((await t.api('GET', `/proxies/${name}/toxics`)).json).to.deep.equal([])
  })
  row(
    'populate/untouched-toxics',
    'a proxy with the same address and upstream keeps its toxics',
    async (t) => {
      const { name, port, path } = await t.proxy('x:1')
      await t.toxic(name, { type: 'noop' })
      await t.api('POST', '/populate', [{ name, upstream: 'x:1', listen: `localhost:${port}` }])
      expect((await t.api('GET', `${path}/toxics`)).json).to.have.length(1)
    },
  )
  row(
    'populate/untouched-connections',
    'a proxy with the same address and upstream keeps its connections',
    async (t) => {
      const { client, server, name, port, upstream } = await t.pair()
      await t.api('POST', '/populate', [
        { name, upstream: `127.0.0.1:${upstream.port}`, listen: `127.0.0.1:${port}` },
      ])
      server.send('still here')
      expect((await client.got(10)).toString()).to.equal('still here')
    },
  )
  row(
    'populate/untouched-enabled',
    'a proxy with the same address and upstream keeps `enabled`, whatever is requested',
    async (t) => {
      const { name, port, path } = await t.proxy('x:1')
      const answer = await t.api('POST', '/populate', [
        { name, upstream: 'x:1', listen: `127.0.0.1:${port}`, enabled: false },
      ])
      expect(answer.status).to.equal(201)
      expect((await t.api('GET', path)).json).to.include({ enabled: true })
    },
  )
  row('populate/replaced', 'a proxy that differs is replaced by one without toxics', async (t) => {
    const { name, port, path } = await t.proxy('x:1')
    await t.toxic(name, { type: 'noop' })
    await t.api('POST', '/populate', [{ name, upstream: 'y:1', listen: `127.0.0.1:${port}` }])
    expect((await t.api('GET', path)).json).to.deep.include({ upstream: 'y:1', toxics: [] })
  })
  row('populate/replaced-connections', 'replacing a proxy closes its connections', async (t) => {
    const { client, name, port } = await t.livePair()
    await t.api('POST', '/populate', [{ name, upstream: 'y:1', listen: `127.0.0.1:${port}` }])
    expect(await client.ended).to.equal('fin')
  })
  row('populate/any-port', 'a proxy that requests port 0 is always replaced', async (t) => {
    const { name, path, port } = await t.proxy('x:1')
    await t.api('POST', '/populate', [{ name, upstream: 'x:1', listen: '127.0.0.1:0' }])
    expect((await t.api('GET', path)).json).to.not.include({ listen: `127.0.0.1:${port}` })
  })
  row(
    'populate/stops',
    'populate stops at the first failure: error, status, and the proxies created before',
    async (t) => {
      const server = createServer()
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', () => resolve())
      })
      t.defer(() => server.close())
      const listen = `127.0.0.1:${(server.address() as AddressInfo).port}`
      const [first, second, third] = [t.name(), t.name(), t.name()]
      const answer = await t.api('POST', '/populate', [
        { name: first, upstream: 'x:1', listen: '127.0.0.1:0' },
        { name: second, upstream: 'x:1', listen },
        { name: third, upstream: 'x:1', listen: '127.0.0.1:0' },
      ])
      const body = answer.json as { error: string; status: number; proxies: { name: string }[] }
      expect([answer.status, body.status, body.error]).to.deep.equal([
        500,
        500,
        `listen tcp ${listen}: bind: address already in use`,
      ])
      expect(body.proxies.map(({ name }) => name)).to.deep.equal([first])
      expect((await t.api('GET', `/proxies/${first}`)).status).to.equal(200)
      expect((await t.api('GET', `/proxies/${third}`)).status).to.equal(404)
    },
  )
  row('populate/stops-at-first', 'if the first proxy fails, the answer has `"proxies":null`', async (t) => {
    const body = [{ name: t.name(), upstream: 'x:1', listen: 'bad' }]
    expect((await t.api('POST', '/populate', body)).json).to.deep.equal({
      error: 'listen tcp: address bad: missing port in address',
      status: 500,
      proxies: null,
    })
  })
  row('populate/failed-old', 'if a replacement fails, the old proxy stays, disabled', async (t) => {
    const { name, path, port } = await t.proxy('x:1')
    const answer = await t.api('POST', '/populate', [{ name, upstream: 'y:1', listen: '192.0.2.1:0' }])
    expect(answer.status).to.equal(500)
    expect((await t.api('GET', path)).json).to.include({
      upstream: 'x:1',
      listen: `127.0.0.1:${port}`,
      enabled: false,
    })
  })
})
