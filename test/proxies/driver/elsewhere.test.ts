import { createServer, request as httpRequest } from 'node:http'
import type { Server as HttpServer } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'

import { expect } from 'chai'

import { openEngine } from '#proxies/driver/open-engine'
import { placement } from '#proxies/driver/placement'
import { startProxyServer } from '#proxies/embedded/standalone'
import { startToxiproxy } from '#proxies/driver/start-server'
import { proxyName } from '#proxies/driver/proxy-names'
import type { Engine, EngineOptions } from '#proxies/types'
import { needToxiproxy } from '../../lacking.ts'

type Places = Pick<EngineOptions, 'proxyListen' | 'proxyAdvertise' | 'proxyUpstream' | 'targets'>

async function opened(url: string, places: Places = {}): Promise<Engine> {
  return await openEngine({ choice: url, runId: 'r', env: {}, ...places })
}

/** The line that says why the engine was not taken, without the address of its API. */
async function refusal(url: string, places: Places = {}): Promise<string> {
  try {
    await (await opened(url, places)).close()
  } catch (error) {
    return (error as Error).message.replaceAll(url, 'URL')
  }
  throw new Error('the engine was opened')
}

/** Answers every call alike: as a Toxiproxy of this version, whose proxies listen where nothing does. */
async function stranger(version: string): Promise<HttpServer> {
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

describe('placement', () => {
  const placed = (api: string, places: Places = {}): readonly [string, string, string] => {
    const place = placement(api, { choice: api, runId: 'r', ...places })
    return [place.listens.join(' '), place.host, place.upstream('localhost', 9)]
  }

  it('keeps to the loopback where the API is on it, and opens to all where it is not', () => {
    expect(placed('http://127.0.0.1:8474')).to.deep.equal(['127.0.0.1:0', '127.0.0.1', 'localhost:9'])
    expect(placed('http://[::1]:8474')).to.deep.equal(['127.0.0.1:0', '127.0.0.1', 'localhost:9'])
    expect(placed('http://toxiproxy:8474')).to.deep.equal(['0.0.0.0:0', 'toxiproxy', 'localhost:9'])
    expect(placed('http://[fd00::2]:8474')).to.deep.equal(['0.0.0.0:0', 'fd00::2', 'localhost:9'])
  })

  it('opens to all where the proxies are reached at another host than the loopback', () => {
    const places = { proxyAdvertise: '10.0.0.2' }
    expect(placed('http://127.0.0.1:8474', places)).to.deep.equal(['0.0.0.0:0', '10.0.0.2', 'localhost:9'])
  })

  it('takes addresses and ports as told, IPv6 in brackets', () => {
    const places = { proxyListen: '[::]:9000-9002', proxyAdvertise: '[fd00::2]', proxyUpstream: 'fd00::1' }
    expect(placed('http://127.0.0.1:8474', places)).to.deep.equal([
      '[::]:9000 [::]:9001 [::]:9002',
      'fd00::2',
      '[fd00::1]:9',
    ])
  })

  it('stands in for targets on our loopback alone', () => {
    const place = placement('http://t:1', { choice: '', runId: '', proxyUpstream: 'host.example' })
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

describe('a Toxiproxy elsewhere: proxies that are not reached', () => {
  let server: HttpServer
  before(async () => {
    server = await stranger('2.9.0')
  })
  after(() => ended(server))

  const publish = 'give --proxy-listen 0.0.0.0:FIRST-LAST with ports of it that can be reached'
  const elsewhere = 'give --proxy-advertise HOST, where they are'
  const either = `if it is in a container, ${publish}; if on another host, ${elsewhere}`
  const rows: readonly (readonly [places: Places, host: string, advice: string])[] = [
    [{}, '127.0.0.1', either],
    [{ proxyListen: '0.0.0.0' }, '127.0.0.1', either],
    [{ proxyListen: '0.0.0.0:9000-9009' }, '127.0.0.1', elsewhere],
    [{ proxyAdvertise: 'localhost' }, 'localhost', publish],
    [
      { proxyAdvertise: 'localhost', proxyListen: '0.0.0.0:9000' },
      'localhost',
      'make --proxy-listen and --proxy-advertise name the same place',
    ],
  ]
  for (const [places, host, advice] of rows) {
    it(`names what is missing with ${JSON.stringify(places)}`, async () => {
      expect(await refusal(urlOf(server), places)).to.equal(
        `the proxies of the Toxiproxy at URL cannot be reached at ${host} (ECONNREFUSED): ${advice}; or use --proxy embedded`,
      )
    })
  }

  it('says of a host that nobody knows that it is the wrong one', async () => {
    expect(await refusal(urlOf(server), { proxyAdvertise: 'nobody.invalid' })).to.match(
      /cannot be reached at nobody\.invalid \(\w+\): make --proxy-advertise a host where they are; or use/,
    )
  })
})

describe('the version of a Toxiproxy', () => {
  const outcomes: readonly (readonly [version: string, says: RegExp])[] = [
    [
      '2.3.9',
      /^the Toxiproxy at URL is version 2\.3\.9, too old: take 2\.4\.0 or later, or use --proxy embedded$/,
    ],
    ['1.9.9', /^the Toxiproxy at URL is version 1\.9\.9, too old/],
    // Not too old: these come to the control.
    ['2.4.0', /cannot be reached/],
    ['v2.10.0', /cannot be reached/],
    ['3.0.0', /cannot be reached/],
    ['git', /cannot be reached/],
  ]
  for (const [version, says] of outcomes) {
    it(`${version} is ${/old/.test(says.source) ? 'too old' : 'taken'}`, async () => {
      const server = await stranger(version)
      expect(await refusal(urlOf(server))).to.match(says)
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

    it('says that it cannot listen there, and names --proxy-listen', async () => {
      for (const [proxyListen, reason] of [
        ['192.0.2.1', 'listen tcp 192.0.2.1:0: bind: cannot assign requested address'],
        ['192.0.2.1:9000', 'listen tcp 192.0.2.1:9000: bind: cannot assign requested address'],
      ] as const) {
        const listen = proxyListen.includes(':') ? proxyListen : `${proxyListen}:0`
        expect(await refusal(server.url, { proxyListen })).to.equal(
          `the Toxiproxy at URL cannot listen at ${listen} (${reason}): give --proxy-listen HOST[:PORTS], an address of its own; or use --proxy embedded`,
        )
      }
    })

    it('says that it cannot reach this host: its own API it can, through its own proxy', async () => {
      expect(await refusal(server.url, { proxyUpstream: 'nobody.invalid' })).to.equal(
        'the Toxiproxy at URL cannot reach this host at nobody.invalid: --proxy-upstream must be a host where it can, and no firewall between; or use --proxy embedded',
      )
    })

    it('leaves nothing behind of a control that fell', async () => {
      await refusal(server.url, { proxyUpstream: 'nobody.invalid' })
      expect(await (await fetch(`${server.url}/proxies`)).json()).to.deep.equal({})
    })

    it('says that a target is on the loopback alone, where --proxy-upstream does not lead', async function () {
      // Not every system has more than one address on its loopback.
      if (process.platform !== 'linux') this.skip()
      const target = createTcpServer()
      await listening(target)
      const { port } = target.address() as AddressInfo
      const places = { proxyUpstream: '127.0.0.2', targets: [{ host: '127.0.0.1', port }] }
      expect(await refusal(server.url, places)).to.equal(
        `the Toxiproxy at URL reaches this host at 127.0.0.2, but not the target on it: let that listen on all addresses, not on 127.0.0.1:${port} alone; or use --proxy embedded`,
      )
      await (await opened(server.url, { ...places, proxyUpstream: 'localhost' })).close()
      await (await opened(server.url, { ...places, targets: [{ host: '127.0.0.1', port: 1 }] })).close()
      await new Promise((resolve) => {
        target.close(resolve)
      })
    })

    it('is rid of what a dead run of ours left, and of nothing else', async () => {
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
      const left = (await (await fetch(`${server.url}/proxies`)).json()) as Record<string, unknown>
      expect(Object.keys(left)).to.have.members(others)
      for (const name of others) await fetch(`${server.url}/proxies/${name}`, { method: 'DELETE' })
    })

    it('has nothing to remark of where its version is a number', async () => {
      await using engine = await opened(server.url)
      expect(engine.remarks).to.deep.equal([])
    })
  })
}

describe('a Toxiproxy that tells no version', () => {
  it('is used, and that is said', async () => {
    const real = await startProxyServer({ host: '127.0.0.1', port: 0 })
    // Its API, but for the version: as of one that was built from its sources.
    const front = createServer((request, answer) => {
      if (request.url === '/version') {
        answer.end('{"version": "git"}')
        return
      }
      const onward = httpRequest(`${real.url}${request.url}`, { method: request.method ?? 'GET' })
      onward.on('response', (response) => {
        answer.writeHead(response.statusCode ?? 0)
        response.pipe(answer)
      })
      request.pipe(onward)
    })
    await listening(front)
    const engine = await opened(urlOf(front))
    expect([engine.kind, engine.version]).to.deep.equal(['toxiproxy', 'git'])
    expect(engine.remarks).to.deep.equal([
      'the Toxiproxy tells no version, only "git": that it is 2.4.0 or later is taken on trust',
    ])
    await engine.close()
    ended(front)
    await real.close()
  })
})
