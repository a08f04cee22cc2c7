import { createServer, request as httpRequest } from 'node:http'
import type { Server as HttpServer } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'

import { expect } from 'chai'

import { openEngine } from '#proxies/driver/open-engine'
import { placementOf } from '#proxies/driver/placement'
import { startProxyServer } from '#proxies/embedded/standalone'
import { startToxiproxy } from '#proxies/driver/start-server'
import { proxyName } from '#proxies/driver/proxy-names'
import type { Engine, EngineOptions } from '#proxies/types'
import { needToxiproxy } from '../../lacking.ts'

type Places = Pick<EngineOptions, 'proxyListen' | 'proxyAdvertise' | 'proxyUpstream' | 'targets'>

async function opened(url: string, places: Places = {}): Promise<Engine> {
  return await openEngine({ choice: url, runId: 'r', env: {}, ...places })
}

/** The message of the error of openEngine, with the address of the API replaced. */
async function refusal(url: string, places: Places = {}): Promise<string> {
  try {
    await (await opened(url, places)).close()
  } catch (error) {
    return (error as Error).message.replaceAll(url, 'URL')
  }
  throw new Error('the engine was opened')
}

/** Answers every call like a Toxiproxy of this version whose proxies cannot be reached. */
async function unreachableToxiproxy(version: string): Promise<HttpServer> {
  const server = createServer((_, answer) =>
    answer.end(JSON.stringify({ version, name: 'x', listen: '127.0.0.1:1' })),
  )
  await listening(server)
  return server
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve())
  })
}

function ended(server: HttpServer): void {
  server.close()
  server.closeAllConnections()
}

const urlOf = (server: HttpServer): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

describe('placementOf', () => {
  const placesFor = (api: string, places: Places = {}): readonly [string, string, string] => {
    const place = placementOf(api, { choice: api, runId: 'r', ...places })
    return [place.listenAddresses.join(' '), place.host, place.upstream('localhost', 9)]
  }

  it('listens on the loopback if the API is on it, else on all interfaces', () => {
    expect(placesFor('http://127.0.0.1:8474')).to.deep.equal(['127.0.0.1:0', '127.0.0.1', 'localhost:9'])
    expect(placesFor('http://[::1]:8474')).to.deep.equal(['127.0.0.1:0', '127.0.0.1', 'localhost:9'])
    expect(placesFor('http://toxiproxy:8474')).to.deep.equal(['0.0.0.0:0', 'toxiproxy', 'localhost:9'])
    expect(placesFor('http://[fd00::2]:8474')).to.deep.equal(['0.0.0.0:0', 'fd00::2', 'localhost:9'])
  })

  it('listens on all interfaces if --proxy-advertise is not a loopback host', () => {
    const places = { proxyAdvertise: '10.0.0.2' }
    expect(placesFor('http://127.0.0.1:8474', places)).to.deep.equal(['0.0.0.0:0', '10.0.0.2', 'localhost:9'])
  })

  it('accepts addresses and ports, IPv6 in brackets', () => {
    const places = { proxyListen: '[::]:9000-9002', proxyAdvertise: '[fd00::2]', proxyUpstream: 'fd00::1' }
    expect(placesFor('http://127.0.0.1:8474', places)).to.deep.equal([
      '[::]:9000 [::]:9001 [::]:9002',
      'fd00::2',
      '[fd00::1]:9',
    ])
  })

  it('replaces the host of targets on the loopback alone', () => {
    const place = placementOf('http://t:1', { choice: '', runId: '', proxyUpstream: 'host.example' })
    const targets = ['LOCALHOST', '127.1.2.3', '::1', '10.0.0.1', '127.example', 'localhost.example']
    expect(targets.map((host) => place.upstream(host, 80))).to.deep.equal([
      'host.example:80',
      'host.example:80',
      'host.example:80',
      '10.0.0.1:80',
      '127.example:80',
      'localhost.example:80',
    ])
  })
})

describe('a remote Toxiproxy whose proxies cannot be reached', () => {
  let server: HttpServer
  before(async () => {
    server = await unreachableToxiproxy('2.9.0')
  })
  after(() => ended(server))

  const setListen = 'set --proxy-listen 0.0.0.0:FIRST-LAST to ports of it that can be reached'
  const setAdvertise = 'set --proxy-advertise to the host where they can be reached'
  const either = `if it is in a container, ${setListen}; if on another host, ${setAdvertise}`
  const rows: readonly (readonly [places: Places, host: string, advice: string])[] = [
    [{}, '127.0.0.1', either],
    [{ proxyListen: '0.0.0.0' }, '127.0.0.1', either],
    [{ proxyListen: '0.0.0.0:9000-9009' }, '127.0.0.1', setAdvertise],
    [{ proxyAdvertise: 'localhost' }, 'localhost', setListen],
    [
      { proxyAdvertise: 'localhost', proxyListen: '0.0.0.0:9000' },
      'localhost',
      'set --proxy-listen and --proxy-advertise to the same place',
    ],
  ]
  for (const [places, host, advice] of rows) {
    it(`names the missing option with ${JSON.stringify(places)}`, async () => {
      expect(await refusal(urlOf(server), places)).to.equal(
        `the proxies of the Toxiproxy at URL cannot be reached at ${host} (ECONNREFUSED): ${advice}; or use --proxy embedded`,
      )
    })
  }

  it('names --proxy-advertise if its host does not exist', async () => {
    expect(await refusal(urlOf(server), { proxyAdvertise: 'nobody.invalid' })).to.match(
      /cannot be reached at nobody\.invalid \(\w+\): set --proxy-advertise to a host where they can be reached; or use/,
    )
  })
})

describe('the version of a Toxiproxy', () => {
  const outcomes: readonly (readonly [version: string, message: RegExp])[] = [
    [
      '2.3.9',
      /^the Toxiproxy at URL is version 2\.3\.9, which is too old\. Use 2\.4\.0 or later, or --proxy embedded$/,
    ],
    ['1.9.9', /^the Toxiproxy at URL is version 1\.9\.9, which is too old/],
    // Not too old: these reach the self-test.
    ['2.4.0', /cannot be reached/],
    ['v2.10.0', /cannot be reached/],
    ['3.0.0', /cannot be reached/],
    ['git', /cannot be reached/],
  ]
  for (const [version, message] of outcomes) {
    it(`${version} is ${/old/.test(message.source) ? 'too old' : 'accepted'}`, async () => {
      const server = await unreachableToxiproxy(version)
      expect(await refusal(urlOf(server))).to.match(message)
      ended(server)
    })
  }
})

for (const kind of ['embedded', 'toxiproxy'] as const) {
  describe(`a Toxiproxy that is attached (${kind})`, () => {
    let server: { readonly url: string; readonly close: () => Promise<void> }
    before(async function () {
      if (kind === 'embedded') server = await startProxyServer({ host: '127.0.0.1', port: 0 })
      else {
        needToxiproxy(this)
        const started = await startToxiproxy(process.env, 2)
        server = { url: started.url, close: () => started.stop() }
      }
    })
    after(async () => {
      await server?.close()
    })

    it('names --proxy-listen if the Toxiproxy cannot listen there', async () => {
      for (const [proxyListen, reason] of [
        ['192.0.2.1', 'listen tcp 192.0.2.1:0: bind: cannot assign requested address'],
        ['192.0.2.1:9000', 'listen tcp 192.0.2.1:9000: bind: cannot assign requested address'],
      ] as const) {
        const listen = proxyListen.includes(':') ? proxyListen : `${proxyListen}:0`
        expect(await refusal(server.url, { proxyListen })).to.equal(
          `the Toxiproxy at URL cannot listen at ${listen} (${reason}): set --proxy-listen HOST[:PORTS] to an address of its own, or use --proxy embedded`,
        )
      }
    })

    it('names --proxy-upstream if the Toxiproxy reaches its own API but not this host', async () => {
      expect(await refusal(server.url, { proxyUpstream: 'nobody.invalid' })).to.equal(
        'the Toxiproxy at URL cannot reach this host at nobody.invalid: set --proxy-upstream to a host where it can, and check the firewalls between them; or use --proxy embedded',
      )
    })

    it('has no proxies after a self-test that failed', async () => {
      await refusal(server.url, { proxyUpstream: 'nobody.invalid' })
      expect(await (await fetch(`${server.url}/proxies`)).json()).to.deep.equal({})
    })

    it('reports a target on the loopback alone that is not reached at --proxy-upstream', async function () {
      // Not every system has more than one address on its loopback.
      if (process.platform !== 'linux') this.skip()
      const target = createTcpServer()
      await listening(target)
      const { port } = target.address() as AddressInfo
      const places = { proxyUpstream: '127.0.0.2', targets: [{ host: '127.0.0.1', port }] }
      expect(await refusal(server.url, places)).to.equal(
        `the Toxiproxy at URL reaches this host at 127.0.0.2, but not the target on it. Let the target listen on all addresses, not on 127.0.0.1:${port} alone; or use --proxy embedded`,
      )
      await (await opened(server.url, { ...places, proxyUpstream: 'localhost' })).close()
      await (await opened(server.url, { ...places, targets: [{ host: '127.0.0.1', port: 1 }] })).close()
      await new Promise((resolve) => {
        target.close(resolve)
      })
    })

    it('loses the proxies that a killed run left, and no others', async () => {
      const ago = (ms: number): number => Date.now() - ms
      const old = [proxyName('0ab', 1, ago(3_700_000)), proxyName('doctor-4', 20, ago(90 * 86_400_000))]
      const others = [
        proxyName('1ab', 2, ago(3_400_000)),
        proxyName('1ab', 1, ago(3_700_000)),
        proxyName('2ab', 3, Date.now() + 7_200_000),
        'theirs',
        'streamproof-1',
        'streamproof-r-1',
        `x-${old[0]}`,
        `${old[0]}-x`,
      ]
      for (const name of [...old, ...others]) {
        const body = JSON.stringify({ name, listen: '127.0.0.1:0', upstream: '127.0.0.1:9', enabled: false })
        expect((await fetch(`${server.url}/proxies`, { method: 'POST', body })).status).to.equal(201)
      }
      await using _engine = await opened(server.url)
      const remaining = (await (await fetch(`${server.url}/proxies`)).json()) as Record<string, unknown>
      expect(Object.keys(remaining)).to.have.members(others)
      for (const name of others) await fetch(`${server.url}/proxies/${name}`, { method: 'DELETE' })
    })

    it('has no remarks if its version is a number', async () => {
      await using engine = await opened(server.url)
      expect(engine.remarks).to.deep.equal([])
    })
  })
}

describe('a Toxiproxy that reports no version number', () => {
  it('is used, with a remark', async () => {
    const real = await startProxyServer({ host: '127.0.0.1', port: 0 })
    // The API of the real server, except for the version, as one that was built from source reports it.
    const front = createServer((request, answer) => {
      if (request.url === '/version') {
        answer.end('{"version": "git"}')
        return
      }
      const forwarded = httpRequest(`${real.url}${request.url}`, { method: request.method ?? 'GET' })
      forwarded.on('response', (response) => {
        answer.writeHead(response.statusCode ?? 0)
        response.pipe(answer)
      })
      request.pipe(forwarded)
    })
    await listening(front)
    const engine = await opened(urlOf(front))
    expect([engine.kind, engine.version]).to.deep.equal(['toxiproxy', 'git'])
    expect(engine.remarks).to.deep.equal([
      'the Toxiproxy reports no version number, only "git". It must be 2.4.0 or later',
    ])
    await engine.close()
    ended(front)
    await real.close()
  })
})
