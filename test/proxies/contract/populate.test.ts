import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

import { expect } from 'chai'

import { contract } from './contract.ts'

contract('populate', { concurrent: false }, ({ row }) => {
  row('populate/answer', '201 and the proxies in the order asked, as application/json', async (t) => {
    const names = [t.name(), t.name()].toReversed()
    const answer = await t.api(
      'POST',
      '/populate',
      names.map((name) => ({ name, upstream: 'x:1', listen: '127.0.0.1:0' })),
    )
    expect(answer.status).to.equal(201)
    expect(answer.headers.get('content-type')).to.equal('application/json')
    expect((answer.json as { proxies: { name: string }[] }).proxies.map((one) => one.name)).to.deep.equal(
      names,
    )
  })
  row('populate/nothing', 'nothing asked gives null', async (t) => {
    const answer = await t.api('POST', '/populate', [])
    expect([answer.status, answer.text]).to.deep.equal([201, '{"proxies":null}'])
  })
  row('populate/null', 'null asks for nothing', async (t) => {
    expect((await t.api('POST', '/populate', 'null')).text).to.equal('{"proxies":null}')
  })
  row('populate/no-name', 'a missing name says of which proxy, counted from 1', async (t) => {
    const answer = await t.api('POST', '/populate', [{ name: 'a', upstream: 'x:1' }, {}])
    expect(answer.text).to.equal(
      '{"error":"missing required field: name at proxy 2","status":400,"proxies":null}',
    )
  })
  row('populate/error-type', 'its refusals are called application/json', async (t) => {
    expect((await t.api('POST', '/populate', [{}])).headers.get('content-type')).to.equal('application/json')
  })
  row('populate/no-upstream', 'so does a missing upstream', async (t) => {
    const answer = await t.api('POST', '/populate', [{ name: 'a' }])
    expect(answer.json).to.deep.equal({
      error: 'missing required field: upstream at proxy 1',
      status: 400,
      proxies: null,
    })
  })
  row('populate/checked-first', 'the whole is checked before anything is made', async (t) => {
    const name = t.name()
    await t.api('POST', '/populate', [{ name, upstream: 'x:1', enabled: false }, { name: 'b' }])
    expect((await t.api('GET', `/proxies/${name}`)).status).to.equal(404)
  })
  row('populate/object', 'an object is 400', async (t) => {
    expect((await t.api('POST', '/populate', {})).json).to.deep.equal({
      error:
        'bad request body: json: cannot unmarshal object into Go value of type []struct { toxiproxy.Proxy; Enabled *bool "json:\\"enabled\\"" }',
      status: 400,
      proxies: null,
    })
  })
  row('populate/element', 'an element that is no object is 400', async (t) => {
    expect((await t.api('POST', '/populate', [5])).status).to.equal(400)
  })
  row('populate/field', 'a field of the wrong type is 400, and says which', async (t) => {
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
  })
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
  row('populate/enabled-default', 'a proxy is enabled unless told', async (t) => {
    const answer = await t.api('POST', '/populate', [
      { name: t.name(), upstream: 'x:1', listen: '127.0.0.1:0' },
    ])
    expect((answer.json as { proxies: unknown[] }).proxies[0]).to.include({ enabled: true })
  })
  row('populate/disabled', 'a disabled one keeps `listen` as it was sent', async (t) => {
    const answer = await t.api('POST', '/populate', [
      { name: t.name(), upstream: 'x:1', listen: 'localhost:0', enabled: false },
    ])
    expect((answer.json as { proxies: unknown[] }).proxies[0]).to.include({
      enabled: false,
      listen: 'localhost:0',
    })
  })
  row('populate/toxics-ignored', 'toxics in it are ignored', async (t) => {
    const name = t.name()
    await t.api('POST', '/populate', [{ name, upstream: 'x:1', enabled: false, toxics: [{ type: 'noop' }] }])
    expect((await t.api('GET', `/proxies/${name}/toxics`)).json).to.deep.equal([])
  })
  row('populate/untouched-toxics', 'an equal proxy keeps its toxics', async (t) => {
    const { name, port, path } = await t.proxy('x:1')
    await t.toxic(name, { type: 'noop' })
    await t.api('POST', '/populate', [{ name, upstream: 'x:1', listen: `localhost:${port}` }])
    expect((await t.api('GET', `${path}/toxics`)).json).to.have.length(1)
  })
  row('populate/untouched-connections', 'and its connections', async (t) => {
    const { client, server, name, port, upstream } = await t.pair()
    await t.api('POST', '/populate', [
      { name, upstream: `127.0.0.1:${upstream.port}`, listen: `127.0.0.1:${port}` },
    ])
    server.send('still here')
    expect((await client.got(10)).toString()).to.equal('still here')
  })
  row('populate/untouched-enabled', 'and `enabled`, whatever is asked', async (t) => {
    const { name, port, path } = await t.proxy('x:1')
    const answer = await t.api('POST', '/populate', [
      { name, upstream: 'x:1', listen: `127.0.0.1:${port}`, enabled: false },
    ])
    expect(answer.status).to.equal(201)
    expect((await t.api('GET', path)).json).to.include({ enabled: true })
  })
  row('populate/replaced', 'a different one is replaced, and has no toxics', async (t) => {
    const { name, port, path } = await t.proxy('x:1')
    await t.toxic(name, { type: 'noop' })
    await t.api('POST', '/populate', [{ name, upstream: 'y:1', listen: `127.0.0.1:${port}` }])
    expect((await t.api('GET', path)).json).to.deep.include({ upstream: 'y:1', toxics: [] })
  })
  row('populate/replaced-connections', 'its connections are closed', async (t) => {
    const { client, name, port } = await t.livePair()
    await t.api('POST', '/populate', [{ name, upstream: 'y:1', listen: `127.0.0.1:${port}` }])
    expect(await client.ended).to.equal('fin')
  })
  row('populate/any-port', 'one that asks for any port is always replaced', async (t) => {
    const { name, path, port } = await t.proxy('x:1')
    await t.api('POST', '/populate', [{ name, upstream: 'x:1', listen: '127.0.0.1:0' }])
    expect((await t.api('GET', path)).json).to.not.include({ listen: `127.0.0.1:${port}` })
  })
  row('populate/stops', 'the first that fails ends it; those before are told and stay', async (t) => {
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
    expect(body.proxies.map((one) => one.name)).to.deep.equal([first])
    expect((await t.api('GET', `/proxies/${first}`)).status).to.equal(200)
    expect((await t.api('GET', `/proxies/${third}`)).status).to.equal(404)
  })
  row('populate/stops-at-first', 'where that is the first of all, no proxies are told', async (t) => {
    const body = [{ name: t.name(), upstream: 'x:1', listen: 'bad' }]
    expect((await t.api('POST', '/populate', body)).json).to.deep.equal({
      error: 'listen tcp: address bad: missing port in address',
      status: 500,
      proxies: null,
    })
  })
  row('populate/failed-old', 'the old one of the name that failed stays, stopped', async (t) => {
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
