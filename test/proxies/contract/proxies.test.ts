import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

import { expect } from 'chai'

import { contract, portOf } from './contract.ts'
import type { Row } from './contract.ts'

/** A port on which another server listens. */
async function usedPort(t: Row): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve())
  })
  t.defer(() => server.close())
  return (server.address() as AddressInfo).port
}

async function connects(t: Row, port: number): Promise<boolean> {
  return t.connect(port).then(
    () => true,
    () => false,
  )
}

contract('proxies', { concurrent: false }, ({ row }) => {
  row('list/empty', 'without proxies, `GET /proxies` is 200 and `{}`', async (t) => {
    const answer = await t.api('GET', '/proxies')
    expect([answer.status, answer.text]).to.deep.equal([200, '{}'])
  })
  row(
    'create/answer',
    'creating is 201, with name, listen, upstream, enabled, `"Logger":{}` and toxics in this order',
    async (t) => {
      const name = t.name()
      const answer = await t.api('POST', '/proxies', { name, listen: '127.0.0.1:0', upstream: 'x:1' })
      expect(answer.status).to.equal(201)
      expect(answer.headers.get('content-type')).to.equal('application/json')
      expect(answer.text).to.equal(
        `{"name":"${name}","listen":"127.0.0.1:${portOf(answer.json)}","upstream":"x:1","enabled":true,"Logger":{},"toxics":[]}`,
      )
    },
  )
  row('create/name-required', 'a name is required: 400 `missing required field: name`', async (t) => {
    expect((await t.api('POST', '/proxies', {})).json).to.deep.equal({
      error: 'missing required field: name',
      status: 400,
    })
  })
  row('create/name-empty', 'an empty name is a missing name', async (t) => {
    const answer = await t.api('POST', '/proxies', { name: '', upstream: 'x:1' })
    expect(answer.json).to.deep.equal({ error: 'missing required field: name', status: 400 })
  })
  row(
    'create/upstream-required',
    'an upstream is required: 400 `missing required field: upstream`',
    async (t) => {
      const answer = await t.api('POST', '/proxies', { name: 'a', listen: 'x' })
      expect(answer.json).to.deep.equal({ error: 'missing required field: upstream', status: 400 })
    },
  )
  row('create/upstream-unchecked', 'the upstream is not checked', async (t) => {
    expect((await t.proxy('no address at all')).port).to.be.greaterThan(0)
  })
  row('create/enabled-default', 'a new proxy is enabled by default', async (t) => {
    expect(await connects(t, (await t.proxy('x:1')).port)).to.equal(true)
  })
  row('create/disabled', 'a proxy that is created disabled keeps `listen` as sent, unresolved', async (t) => {
    const name = t.name()
    const answer = await t.api('POST', '/proxies', {
      name,
      upstream: 'x:1',
      listen: 'nohost.invalid:0',
      enabled: false,
    })
    expect(answer.json).to.include({ listen: 'nohost.invalid:0', enabled: false })
  })
  row('create/disabled-port', 'a proxy that is created disabled binds no port', async (t) => {
    const port = await usedPort(t)
    const answer = await t.api('POST', '/proxies', {
      name: t.name(),
      upstream: 'x:1',
      listen: `127.0.0.1:${port}`,
      enabled: false,
    })
    expect(answer.status).to.equal(201)
  })
  const listens: readonly (readonly [id: string, listen: string, shown: RegExp])[] = [
    ['empty', '', /^\[::\]:[1-9]\d*$/],
    ['any', ':0', /^\[::\]:[1-9]\d*$/],
    ['wildcard', '0.0.0.0:0', /^\[::\]:[1-9]\d*$/],
    ['ipv4', '127.0.0.1:0', /^127\.0\.0\.1:[1-9]\d*$/],
    ['ipv6', '[::1]:0', /^\[::1\]:[1-9]\d*$/],
    ['name', 'localhost:0', /^127\.0\.0\.1:[1-9]\d*$/],
  ]
  for (const [id, listen, shown] of listens) {
    row(`create/listen-${id}`, `listen "${listen}" is shown as the bound address`, async (t) => {
      const answer = await t.api('POST', '/proxies', { name: t.name(), upstream: 'x:1', listen })
      expect((answer.json as { listen: string }).listen).to.match(shown)
    })
  }
  row('create/listen-both-families', 'an empty host in `listen` includes IPv4', async (t) => {
    expect(await connects(t, (await t.proxy('x:1', { listen: '' })).port)).to.equal(true)
  })
  const badListens: readonly (readonly [id: string, listen: string, text: string])[] = [
    ['no-port', 'x', 'listen tcp: address x: missing port in address'],
    ['number', '0', 'listen tcp: address 0: missing port in address'],
    ['port-range', '127.0.0.1:99999', 'listen tcp: address 99999: invalid port'],
    ['port-negative', '127.0.0.1:-1', 'listen tcp: address -1: invalid port'],
    ['colons', '::1:0', 'listen tcp: address ::1:0: too many colons in address'],
    ['bracket', 'a]:0', "listen tcp: address a]:0: unexpected ']' in address"],
    ['bracketed', '[::1]', 'listen tcp: address [::1]: missing port in address'],
    ['half-bracketed', '[::1:0', "listen tcp: address [::1:0: missing ']' in address"],
    ['bracket-alone', '[bad', 'listen tcp: address [bad: missing port in address'],
    ['brackets', 'a]b[:0', "listen tcp: address a]b[:0: unexpected '[' in address"],
    ['after-bracket', '[::1]x:80', 'listen tcp: address [::1]x:80: missing port in address'],
    ['colon-after-bracket', '[::1]:x:80', 'listen tcp: address [::1]:x:80: too many colons in address'],
    ['elsewhere', '192.0.2.1:0', 'listen tcp 192.0.2.1:0: bind: cannot assign requested address'],
  ]
  for (const [id, listen, error] of badListens) {
    row(`create/bad-listen-${id}`, `listen "${listen}" is refused with 500 and the reason`, async (t) => {
      const name = t.name()
      const answer = await t.api('POST', '/proxies', { name, upstream: 'x:1', listen })
      expect(answer.json).to.deep.equal({ error, status: 500 })
      expect((await t.api('GET', `/proxies/${name}`)).status).to.equal(404)
    })
  }
  row('create/unresolvable', 'a host in `listen` that cannot be resolved is 500', async (t) => {
    const answer = await t.api('POST', '/proxies', {
      name: t.name(),
      upstream: 'x:1',
      listen: 'nohost.invalid:0',
    })
    expect(answer.status).to.equal(500)
    expect((answer.json as { error: string }).error).to.match(
      /^listen tcp: lookup nohost\.invalid.*(no such host|timeout|server misbehaving)$/,
    )
  })
  row('create/taken', 'a port that is in use is 500, and the proxy is not kept', async (t) => {
    const name = t.name()
    const listen = `127.0.0.1:${await usedPort(t)}`
    const answer = await t.api('POST', '/proxies', { name, upstream: 'x:1', listen })
    expect(answer.json).to.deep.equal({
      error: `listen tcp ${listen}: bind: address already in use`,
      status: 500,
    })
    expect((await t.api('GET', `/proxies/${name}`)).status).to.equal(404)
  })
  row(
    'create/taken-everywhere',
    'the error of a port in use shows the address as sent, also for all interfaces',
    async (t) => {
      const port = await usedPort(t)
      for (const host of ['', '0.0.0.0']) {
        const body = { name: t.name(), upstream: 'x:1', listen: `${host}:${port}` }
        expect((await t.api('POST', '/proxies', body)).json).to.deep.equal({
          error: `listen tcp ${host}:${port}: bind: address already in use`,
          status: 500,
        })
      }
    },
  )
  row('create/clash', 'a name that is in use is 409 `proxy already exists`', async (t) => {
    const { name } = await t.proxy('x:1')
    const answer = await t.api('POST', '/proxies', { name, upstream: 'x:1' })
    expect(answer.json).to.deep.equal({ error: 'proxy already exists', status: 409 })
  })
  row('create/clash-before-bind', 'the name is checked before the listener is bound', async (t) => {
    const { name } = await t.proxy('x:1')
    expect((await t.api('POST', '/proxies', { name, upstream: 'x:1', listen: 'bad' })).status).to.equal(409)
  })
  row('create/toxics-ignored', 'toxics in the body are ignored', async (t) => {
    const { path } = await t.proxy('x:1', { toxics: [{ type: 'noop' }] })
    expect((await t.api('GET', path)).json).to.deep.include({ toxics: [] })
  })
  row(
    'create/slash',
    'a proxy whose name has a slash can be created and listed, but not addressed',
    async (t) => {
      const name = `${t.name()}/x`
      t.defer(() => t.api('POST', '/populate', [{ name, upstream: 'gone:1', enabled: false }]))
      expect((await t.api('POST', '/proxies', { name, upstream: 'x:1', enabled: false })).status).to.equal(
        201,
      )
      expect((await t.api('GET', '/proxies')).json).to.have.property(name)
      expect((await t.api('GET', `/proxies/${encodeURIComponent(name)}`)).text).to.equal(
        '404 page not found\n',
      )
    },
  )
  row('list/by-name', '`GET /proxies` is an object by name, sorted', async (t) => {
    const first = await t.proxy('x:1')
    const second = await t.proxy('y:1')
    const all = (await t.api('GET', '/proxies')).json as Record<string, { upstream: string }>
    expect(all[first.name]?.upstream).to.equal('x:1')
    expect(all[second.name]?.upstream).to.equal('y:1')
    expect(Object.keys(all)).to.deep.equal(Object.keys(all).toSorted())
  })
  row('get/one', '`GET /proxies/{proxy}` returns the proxy', async (t) => {
    const { name, path } = await t.proxy('x:1')
    expect((await t.api('GET', path)).json).to.include({ name, upstream: 'x:1', enabled: true })
  })
  row('get/unknown', 'an unknown proxy is 404', async (t) => {
    expect((await t.api('GET', '/proxies/none')).json).to.deep.equal({
      error: 'proxy not found',
      status: 404,
    })
  })
  row('delete/one', 'DELETE is 204: the proxy is removed and its port is closed', async (t) => {
    const { path, port } = await t.proxy('x:1')
    expect((await t.api('DELETE', path)).status).to.equal(204)
    expect((await t.api('GET', path)).status).to.equal(404)
    expect(await connects(t, port)).to.equal(false)
  })
  row('delete/unknown', 'DELETE of an unknown proxy is 404', async (t) => {
    expect((await t.api('DELETE', '/proxies/none')).status).to.equal(404)
  })
  row('delete/connections', 'DELETE closes the connections of the proxy', async (t) => {
    const { client, server, path } = await t.livePair()
    await t.api('DELETE', path)
    expect(await Promise.all([client.ended, server.ended])).to.deep.equal(['fin', 'fin'])
  })
  row('delete/name-free', 'DELETE makes the name available', async (t) => {
    const { name, path } = await t.proxy('x:1')
    await t.api('DELETE', path)
    expect((await t.api('POST', '/proxies', { name, upstream: 'x:1', enabled: false })).status).to.equal(201)
  })

  for (const method of ['POST', 'PATCH']) {
    row(
      `update/${method.toLowerCase()}`,
      `${method} changes the fields in the body and keeps the others`,
      async (t) => {
        const { path, port, name } = await t.proxy('x:1')
        const answer = await t.api(method, path, { upstream: 'y:1' })
        expect(answer.status).to.equal(200)
        expect(answer.json).to.include({ name, upstream: 'y:1', listen: `127.0.0.1:${port}`, enabled: true })
      },
    )
  }
  row('update/name-ignored', 'the name cannot be changed', async (t) => {
    const { path, name } = await t.proxy('x:1')
    expect((await t.api('PATCH', path, { name: 'other' })).json).to.include({ name })
  })
  row('update/empty-upstream', 'the upstream may become empty', async (t) => {
    const { path } = await t.proxy('x:1')
    expect((await t.api('PATCH', path, { upstream: '' })).json).to.include({ upstream: '' })
  })
  row('update/unknown-first', 'an unknown proxy is 404 before the body is read', async (t) => {
    expect((await t.api('PATCH', '/proxies/none', '{')).status).to.equal(404)
  })
  row('update/body', 'an update needs a body', async (t) => {
    const { path } = await t.proxy('x:1')
    expect((await t.api('PATCH', path, '')).json).to.deep.equal({
      error: 'bad request body: EOF',
      status: 400,
    })
  })
  row('update/disable', 'a disabled proxy refuses connections and keeps its address', async (t) => {
    const { path, port } = await t.proxy('x:1')
    const answer = await t.api('PATCH', path, { enabled: false })
    expect(answer.json).to.include({ enabled: false, listen: `127.0.0.1:${port}` })
    expect(await connects(t, port)).to.equal(false)
  })
  row('update/disable-connections', 'disabling closes the connections with FIN on both sides', async (t) => {
    const { client, server, path } = await t.livePair()
    await t.api('PATCH', path, { enabled: false })
    expect(await Promise.all([client.ended, server.ended])).to.deep.equal(['fin', 'fin'])
  })
  row('update/disable-unread', 'disabling sends RST to a side whose bytes were not read', async (t) => {
    const { client, server, path } = await t.pair()
    server.socket.pause()
    await client.fill()
    await t.api('PATCH', path, { enabled: false })
    expect(await client.ended).to.equal('rst')
  })
  row('update/disable-slow-close', '`slow_close` does not delay the end by disabling', async (t) => {
    const attributes = { delay: 60_000 }
    const { client, server, path } = await t.pair(
      { type: 'slow_close', attributes },
      { type: 'slow_close', stream: 'upstream', attributes },
    )
    await t.api('PATCH', path, { enabled: false })
    expect(await Promise.all([client.ended, server.ended])).to.deep.equal(['fin', 'fin'])
  })
  row(
    'update/disable-latency',
    '`latency` does not delay the end by disabling; the bytes that it held are lost',
    async (t) => {
      const { client, server, path } = await t.pair({ type: 'latency', attributes: { latency: 60_000 } })
      server.send('lost')
      client.send('x')
      await server.got(1)
      await t.api('PATCH', path, { enabled: false })
      expect(await client.ended).to.equal('fin')
      expect(client.length).to.equal(0)
    },
  )
  row('update/enable', 'a proxy that is enabled again binds the same address', async (t) => {
    const { path, port } = await t.proxy('x:1')
    await t.api('PATCH', path, { enabled: false })
    expect((await t.api('PATCH', path, { enabled: true })).json).to.include({
      enabled: true,
      listen: `127.0.0.1:${port}`,
    })
    expect(await connects(t, port)).to.equal(true)
  })
  row('update/toxics-stay', 'toxics stay when the proxy is disabled or moved', async (t) => {
    const { path, name } = await t.proxy('x:1')
    await t.toxic(name, { type: 'noop' })
    await t.api('PATCH', path, { enabled: false })
    await t.api('PATCH', path, { enabled: true, upstream: 'y:1' })
    expect((await t.api('GET', `${path}/toxics`)).json).to.have.length(1)
  })
  row(
    'update/new-listen',
    '`listen` with port 0 always differs: a new port is bound and the old one is closed',
    async (t) => {
      const { path, port } = await t.proxy('x:1')
      const answer = await t.api('PATCH', path, { listen: '127.0.0.1:0' })
      expect(portOf(answer.json)).to.not.equal(port)
      expect(await connects(t, portOf(answer.json))).to.equal(true)
      expect(await connects(t, port)).to.equal(false)
    },
  )
  row('update/new-upstream', 'a new upstream closes all connections', async (t) => {
    const { client, path } = await t.livePair()
    await t.api('PATCH', path, { upstream: 'y:1' })
    expect(await client.ended).to.equal('fin')
  })
  row(
    'update/upstream-text',
    'the upstream is compared as text: another name of the same host differs',
    async (t) => {
      const { client, path, upstream } = await t.livePair()
      await t.api('PATCH', path, { upstream: `localhost:${upstream.port}` })
      expect(await client.ended).to.equal('fin')
    },
  )
  row('update/new-listen-connections', 'a new address closes all connections', async (t) => {
    const { client, server, path } = await t.livePair()
    await t.api('PATCH', path, { listen: '127.0.0.1:0' })
    expect(await Promise.all([client.ended, server.ended])).to.deep.equal(['fin', 'fin'])
  })
  row('update/same', 'an update that changes nothing closes no connection', async (t) => {
    const { client, server, path, port, upstream } = await t.pair()
    await t.api('PATCH', path, {
      upstream: `127.0.0.1:${upstream.port}`,
      listen: `127.0.0.1:${port}`,
      enabled: true,
    })
    server.send('still here')
    expect((await client.got(10)).toString()).to.equal('still here')
  })
  row('update/same-by-name', 'a host name that resolves to the bound address is no change', async (t) => {
    const { client, server, path, port } = await t.pair()
    await t.api('PATCH', path, { listen: `localhost:${port}` })
    server.send('still here')
    expect((await client.got(10)).toString()).to.equal('still here')
  })
  row('update/bad-listen', 'an invalid `listen` is 500, and nothing changes', async (t) => {
    const { path, port } = await t.proxy('x:1')
    const answer = await t.api('PATCH', path, { listen: 'bad', upstream: 'y:1' })
    expect(answer.json).to.deep.equal({ error: 'address bad: missing port in address', status: 500 })
    expect((await t.api('GET', path)).json).to.include({
      listen: `127.0.0.1:${port}`,
      upstream: 'x:1',
      enabled: true,
    })
  })
  row('update/unresolvable', 'a `listen` that cannot be resolved is 500, and nothing changes', async (t) => {
    const { path, port } = await t.proxy('x:1')
    const answer = await t.api('PATCH', path, { listen: 'nohost.invalid:1' })
    expect(answer.status).to.equal(500)
    expect((answer.json as { error: string }).error).to.match(/^lookup nohost\.invalid/)
    expect((await t.api('GET', path)).json).to.include({ listen: `127.0.0.1:${port}`, enabled: true })
  })
  row(
    'update/taken',
    'a `listen` that is in use is 500; the proxy is disabled with the new address',
    async (t) => {
      const { path } = await t.proxy('x:1')
      const listen = `127.0.0.1:${await usedPort(t)}`
      const answer = await t.api('PATCH', path, { listen })
      expect(answer.json).to.deep.equal({
        error: `listen tcp ${listen}: bind: address already in use`,
        status: 500,
      })
      expect((await t.api('GET', path)).json).to.include({ listen, enabled: false })
    },
  )

  row('reset/answer', 'POST /reset is 204', async (t) => {
    expect((await t.api('POST', '/reset')).status).to.equal(204)
  })
  row('reset/enables', 'reset enables disabled proxies', async (t) => {
    const { path, port } = await t.proxy('x:1')
    await t.api('PATCH', path, { enabled: false })
    await t.api('POST', '/reset')
    expect(await connects(t, port)).to.equal(true)
  })
  row('reset/toxics', 'reset removes all toxics of both directions', async (t) => {
    const { path, name } = await t.proxy('x:1')
    await t.toxic(name, { type: 'noop' })
    await t.toxic(name, { type: 'noop', stream: 'upstream' })
    await t.api('POST', '/reset')
    expect((await t.api('GET', `${path}/toxics`)).json).to.deep.equal([])
  })
  row('reset/connections', 'reset keeps live connections', async (t) => {
    const { client, server } = await t.pair({ type: 'noop' })
    await t.api('POST', '/reset')
    server.send('still here')
    expect((await client.got(10)).toString()).to.equal('still here')
  })
  row('reset/timeout', 'reset closes connections on which a `timeout` toxic dropped bytes', async (t) => {
    const { client, server } = await t.pair({ type: 'timeout', attributes: { timeout: 0 } })
    // A byte passes: the proxy serves the connection and has not only accepted it.
    client.send('x')
    await server.got(1)
    await t.api('POST', '/reset')
    expect(await client.ended).to.equal('fin')
  })
  row('reset/taken', 'a proxy that cannot be enabled makes it 500', async (t) => {
    const listen = `127.0.0.1:${await usedPort(t)}`
    await t.api('POST', '/proxies', { name: t.name(), upstream: 'x:1', listen, enabled: false })
    const answer = await t.api('POST', '/reset')
    expect(answer.json).to.deep.equal({
      error: `listen tcp ${listen}: bind: address already in use`,
      status: 500,
    })
  })
})
