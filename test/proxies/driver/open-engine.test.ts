import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

import { expect } from 'chai'

import { openEngine } from '#proxies/driver/open-engine'
import { engineVersion } from '#proxies/embedded/server/version'
import { cutAfter, latency } from '#proxies/faults'
import { proxyName } from '#proxies/driver/proxy-names'
import { startProxyServer } from '#proxies/embedded/standalone'
import { EngineError } from '#proxies/types'
import type { EngineOptions } from '#proxies/types'
import { needToxiproxy } from '../../lacking.ts'
import { Upstream, Wire } from '../wire.ts'

async function refusal(options: Omit<EngineOptions, 'runId'>): Promise<string> {
  try {
    const engine = await openEngine({ runId: 'r', env: {}, ...options })
    await engine.close()
  } catch (error) {
    expect(error).to.be.instanceOf(EngineError)
    const { message } = error as Error
    expect(message).to.not.include('\n')
    return message
  }
  throw new Error('the engine was opened')
}

/** A server that answers HTTP, but is not a Toxiproxy. */
async function serve(listener: RequestListener): Promise<{ readonly url: string; close(): void }> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve())
  })
  const close = (): void => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}

/** The first and the last of `count` consecutive ports that were free a moment ago. */
async function freePorts(count: number): Promise<readonly [number, number]> {
  for (let from = 20_000 + (process.pid % 5000); from < 60_000; from += count) {
    const attempts = await Promise.allSettled(
      Array.from({ length: count }, (_, index) =>
        startProxyServer({ host: '127.0.0.1', port: from + index }),
      ),
    )
    for (const attempt of attempts) if (attempt.status === 'fulfilled') await attempt.value.close()
    if (attempts.every((attempt) => attempt.status === 'fulfilled')) return [from, from + count - 1]
  }
  throw new Error('no ports are free')
}

const names = async (url: string): Promise<string[]> =>
  Object.keys((await (await fetch(`${url}/proxies`)).json()) as Record<string, unknown>)

describe('openEngine', () => {
  it('starts the embedded engine by default', async () => {
    await using engine = await openEngine({ choice: 'auto', runId: 'r', env: {} })
    expect([engine.kind, engine.version]).to.deep.equal(['embedded', engineVersion])
  })

  it('attaches to TOXIPROXY_URL by default if it is set, with or without a scheme', async () => {
    const server = await startProxyServer({ host: '127.0.0.1', port: 0 })
    for (const address of [server.url, `${server.url}/`, new URL(server.url).host]) {
      await using engine = await openEngine({ choice: 'auto', runId: 'r', env: { TOXIPROXY_URL: address } })
      expect(engine.api).to.equal(server.url)
    }
    await using embedded = await openEngine({
      choice: 'embedded',
      runId: 'r',
      env: { TOXIPROXY_URL: server.url },
    })
    expect(embedded.api).to.not.equal(server.url)
    await server.close()
  })

  it('recognises an attached embedded engine', async () => {
    const server = await startProxyServer({ host: '127.0.0.1', port: 0 })
    await using engine = await openEngine({ choice: server.url, runId: 'r', env: {} })
    expect(engine.kind).to.equal('embedded')
    await server.close()
  })

  it('starts toxiproxy-server and stops it', async function () {
    needToxiproxy(this)
    const engine = await openEngine({ choice: 'toxiproxy', runId: 'r', timeScale: 2 })
    expect(engine.kind).to.equal('toxiproxy')
    expect(engine.version).to.match(/^(\d+\.\d+\.\d+|git)$/)
    await engine.close()
    const after = await fetch(`${engine.api}/version`).then(
      () => 'served',
      () => 'refused',
    )
    expect(after).to.equal('refused')
  })

  it('names its proxies after the run and removes no others', async () => {
    const server = await startProxyServer({ host: '127.0.0.1', port: 0 })
    await fetch(`${server.url}/proxies`, {
      method: 'POST',
      body: '{"name":"theirs","upstream":"x:1","listen":"127.0.0.1:0"}',
    })
    const engine = await openEngine({ choice: server.url, runId: 'run/1 é', env: {} })
    const first = await engine.open({ host: '127.0.0.1', port: 9 })
    const second = await engine.open({ host: '::1', port: 9 })
    expect(await names(server.url)).to.have.members(['theirs', first.name, second.name])
    expect(first.name).to.match(/^streamproof-run-1---\d{10}-\d+$/)
    await first.close()
    await first.close()
    expect(await names(server.url)).to.have.members(['theirs', second.name])
    await engine.close()
    await engine.close()
    expect(await names(server.url)).to.deep.equal(['theirs'])
    await server.close()
  })

  it('removes proxies that killed runs have left, by name and age, and no others', async () => {
    const server = await startProxyServer({ host: '127.0.0.1', port: 0 })
    const hour = 3_600_000
    const old = proxyName('killed', 1, Date.now() - 2 * hour)
    const others = [
      proxyName('active', 1, Date.now() - 0.9 * hour),
      proxyName('active', 2, Date.now() - 2 * hour),
      'theirs',
      'streamproof-theirs',
      'streamproof-x-y-1',
      `their-${old}`,
      `${old}-x`,
    ]
    for (const name of [old, ...others]) {
      await fetch(`${server.url}/proxies`, {
        method: 'POST',
        body: JSON.stringify({ name, upstream: 'x:1', enabled: false }),
      })
    }
    await using engine = await openEngine({ choice: server.url, runId: 'r', env: {} })
    expect(await names(engine.api)).to.have.members(others)
    await server.close()
  })

  it('follows --proxy-listen, --proxy-advertise and --proxy-upstream', async () => {
    const server = await startProxyServer({ host: '127.0.0.1', port: 0 })
    const upstream = await Upstream.open((wire) => wire.send('hello'))
    const ports = await freePorts(3)
    const options = { runId: 'r', env: {}, proxyAdvertise: 'localhost', proxyUpstream: '127.0.0.2' }
    const proxyListen = `127.0.0.1:${ports.join('-')}`
    await using engine = await openEngine({ choice: server.url, ...options, proxyListen })
    const proxies = [
      await engine.open({ host: '127.0.0.1', port: 9 }),
      await engine.open({ host: 'localhost', port: 9 }),
    ]
    // The self-test used the first port.
    expect(proxies.map(({ host, port }) => [host, port])).to.deep.equal([
      ['localhost', ports[0] + 1],
      ['localhost', ports[0] + 2],
    ])
    const listed = (await (await fetch(`${server.url}/proxies`)).json()) as Record<
      string,
      { upstream: string }
    >
    expect(Object.values(listed).map((proxy) => proxy.upstream)).to.deep.equal(['127.0.0.2:9', '127.0.0.2:9'])
    const remote = await engine.open({ host: 'example.test', port: 9 })
    const shown = (await (await fetch(`${server.url}/proxies/${remote.name}`)).json()) as { upstream: string }
    expect(shown.upstream).to.equal('example.test:9')
    const error = await engine.open({ host: '127.0.0.1', port: 9 }).then(
      () => null,
      (thrown: Error) => thrown,
    )
    expect(error?.message).to.equal(
      `the ports of --proxy-listen are all in use (127.0.0.1:${ports[0]} to 127.0.0.1:${ports[1]}): set a larger range, or fewer --jobs`,
    )
    await engine.close()
    await upstream.close()
    await server.close()
  })

  for (const proxyListen of ['', ':9', 'a:b', 'a:9-8', 'a:0', 'a:1-70000', 'a:1-5000', '::1:9']) {
    it(`rejects --proxy-listen ${JSON.stringify(proxyListen)}`, async () => {
      expect(await refusal({ choice: 'http://127.0.0.1:9', proxyListen })).to.equal(
        '--proxy-listen takes HOST, HOST:PORT or HOST:FIRST-LAST, such as 0.0.0.0:9000-9099',
      )
    })
  }

  it('closes a proxy that was removed by another client', async () => {
    const server = await startProxyServer({ host: '127.0.0.1', port: 0 })
    const engine = await openEngine({ choice: server.url, runId: 'r', env: {} })
    const proxy = await engine.open({ host: '127.0.0.1', port: 9 })
    await fetch(`${server.url}/proxies/${proxy.name}`, { method: 'DELETE' })
    await proxy.close()
    await engine.close()
    await server.close()
  })

  it('throws on closing if the server does not answer', async () => {
    const server = await startProxyServer({ host: '127.0.0.1', port: 0 })
    const engine = await openEngine({ choice: server.url, runId: 'r', env: {} })
    await engine.open({ host: '127.0.0.1', port: 9 })
    await server.close()
    const error = await engine.close().then(
      () => null,
      (thrown: Error) => thrown,
    )
    expect(error).to.be.instanceOf(EngineError)
    expect(error?.message).to.match(/does not answer/)
  })

  it('carries a connection, replaces faults, and goes down and up', async () => {
    const upstream = await Upstream.open((wire) => wire.send('hello'))
    await using engine = await openEngine({ choice: 'embedded', runId: 'r', env: {} })
    const proxy = await engine.open({ host: '127.0.0.1', port: upstream.port }, [
      cutAfter({ bytes: 2, direction: 'server-to-client' }),
    ])
    const cut = await Wire.connect(proxy.port, proxy.host)
    await cut.ended
    expect(cut.text).to.equal('he')
    await proxy.setFaults([
      latency({ ms: 1, direction: 'client-to-server' }),
      latency({ ms: 1, direction: 'client-to-server' }),
    ])
    const uncut = await Wire.connect(proxy.port, proxy.host)
    await uncut.got(5)
    await proxy.setEnabled(false)
    expect(await uncut.ended).to.equal('fin')
    const refused = await Wire.connect(proxy.port, proxy.host).then(
      () => 'connected',
      (error: NodeJS.ErrnoException) => error.code,
    )
    expect(refused).to.equal('ECONNREFUSED')
    await proxy.setEnabled(true)
    const restored = await Wire.connect(proxy.port, proxy.host)
    await restored.got(5)
    for (const wire of [cut, uncut, restored]) wire.socket.destroy()
    await upstream.close()
  })

  it('opens no proxy after it was closed', async () => {
    const engine = await openEngine({ choice: 'embedded', runId: 'r', env: {} })
    await engine.close()
    const error = await engine.open({ host: '127.0.0.1', port: 9 }).then(
      () => null,
      (thrown: Error) => thrown,
    )
    expect(error?.message).to.equal('the engine is closed')
  })

  it('says what to do if nothing answers', async () => {
    const gone = await serve(() => undefined)
    gone.close()
    expect(await refusal({ choice: gone.url })).to.equal(
      `the Toxiproxy at ${gone.url} does not answer (ECONNREFUSED): start it, or use --proxy embedded`,
    )
  })

  it('says so if the port is one that fetch blocks', async () => {
    expect(await refusal({ choice: 'http://127.0.0.1:9' })).to.equal(
      "cannot call the Toxiproxy at http://127.0.0.1:9: port 9 is on the Fetch standard's list of blocked ports. " +
        'Let it listen on another port, such as 8474, or use --proxy embedded',
    )
  })

  it('says what to do if the program is missing', async () => {
    expect(
      await refusal({ choice: 'toxiproxy', env: { STREAMPROOF_TOXIPROXY_SERVER: 'no-such-program-here' } }),
    ).to.equal(
      'no-such-program-here was not found on PATH; install Toxiproxy 2.4.0 or later, or use --proxy embedded',
    )
  })

  it('says so if the program exits by itself', async () => {
    const message = await refusal({
      choice: 'toxiproxy',
      env: { ...process.env, STREAMPROOF_TOXIPROXY_SERVER: process.execPath },
    })
    expect(message).to.match(/node.* exited by itself \(9\)/)
  })

  for (const [choice, message] of [
    ['ftp://127.0.0.1:1', "ftp: is not a scheme of Toxiproxy's API"],
    ['http://', 'http:// is not the address of a Toxiproxy'],
    ['bad host\n', 'bad?host? is not the address of a Toxiproxy'],
  ] as const) {
    it(`rejects ${JSON.stringify(choice)} as an address`, async () => {
      expect(await refusal({ choice })).to.equal(
        `${message}; use embedded, toxiproxy, or the address of its API such as http://127.0.0.1:8474`,
      )
    })
  }

  const wrongServers: readonly (readonly [server: string, listener: RequestListener, message: RegExp])[] = [
    [
      'a web server',
      (_, answer) => answer.end('<html>'),
      /^the Toxiproxy at \S+ refused: GET \/version: the answer is not that of a Toxiproxy; try --proxy embedded$/,
    ],
    [
      'a server without that path',
      (_, answer) => answer.writeHead(404).end('no such page'),
      /refused: GET \/version: 404 no such page; try/,
    ],
    [
      'an old Toxiproxy',
      (_, answer) => answer.end('{"version": "2.1.4"}'),
      /is version 2\.1\.4, which is too old\. Use 2\.4\.0 or later, or --proxy embedded$/,
    ],
    [
      'a server that creates no proxies',
      (request, answer) =>
        answer
          .writeHead(request.url === '/version' ? 200 : 500)
          .end('{"version": "2.9.0", "error": "no luck"}'),
      /refused: POST \/proxies: 500 no luck; try --proxy embedded$/,
    ],
    [
      'a server that answers something other than a proxy',
      (_, answer) => answer.end('{"version": "2.9.0"}'),
      /refused: the answer is not that of a Toxiproxy: no proxy in it; try --proxy embedded$/,
    ],
    [
      'a server whose proxies cannot be reached',
      (_, answer) => answer.end('{"version": "2.9.0", "name": "x", "listen": "127.0.0.1:1"}'),
      /^the proxies of the Toxiproxy at \S+ cannot be reached at 127\.0\.0\.1 \(ECONNREFUSED\): if it is in a container, set --proxy-listen \S+ to ports of it that can be reached; if on another host, set --proxy-advertise to the host/,
    ],
  ]
  for (const [server, listener, message] of wrongServers) {
    it(`reports ${server}`, async () => {
      const wrongServer = await serve(listener)
      expect(await refusal({ choice: wrongServer.url })).to.match(message)
      wrongServer.close()
    })
  }

  it('reports a Toxiproxy that cannot reach this host', async () => {
    // Its proxies accept connections and end them.
    const nowhere = await Upstream.open((wire) => wire.socket.end())
    const wrongServer = await serve((_, answer) =>
      answer.end(`{"version": "git", "name": "x", "listen": "127.0.0.1:${nowhere.port}"}`),
    )
    expect(await refusal({ choice: wrongServer.url })).to.match(
      /^the Toxiproxy at \S+ cannot reach this host at 127\.0\.0\.1: set --proxy-upstream to a host where it can; or use --proxy embedded$/,
    )
    wrongServer.close()
    await nowhere.close()
  })

  it('reports a Toxiproxy that does not cut connections', async () => {
    const echo = await Upstream.echo()
    const wrongServer = await serve((_, answer) =>
      answer.end(`{"version": "git", "name": "x", "listen": "127.0.0.1:${echo.port}"}`),
    )
    expect(await refusal({ choice: wrongServer.url })).to.match(
      /does not cut a connection at the requested byte/,
    )
    wrongServer.close()
    await echo.close()
  })
})
