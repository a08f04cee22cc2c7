import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { startReference } from '#reference/start'
import type { Socket } from 'node:net'
import type { BadServer } from './bad-servers.ts'
import { freePort, httpServer, socketServer } from './bad-servers.ts'
import type { CommandResult } from './in-process.ts'
import { streamproof } from './in-process.ts'
import { foreignProxy, sharedEngine } from './shared-engine.ts'
import { temporaryFolder } from './temporary.ts'

/** Timeouts are a fifth of the default. */
const hasty = ['--timeout-scale', '0.2', '--quiet']

/** Expects one line on stderr, nothing on stdout, no report, and this exit status. */
function expectRefusal(result: CommandResult, folder: string, status: number, line: RegExp): void {
  expect(result.lines, result.err).to.have.length(1)
  expect(result.lines[0]).to.match(line)
  expect(result.lines[0]).to.match(/^streamproof: /)
  expect(result.lines[0]).not.to.match(/\bat (Object|file|node:|async )|undefined|\[object/)
  expect(result.status, result.err).to.equal(status)
  expect(result.out).to.equal('')
  expect(existsSync(join(folder, 'streamproof-report'))).to.equal(false)
}

describe('cli: mistakes on the command line', () => {
  const cases: readonly (readonly [name: string, words: readonly string[], line: RegExp])[] = [
    ['an unknown command', ['judge'], /unknown command 'judge'/],
    ['an option that is not built', ['run', '--shard', '1/2'], /unknown option '--shard'/],
    ['a mistyped option', ['run', '--job', '3'], /unknown option '--job'; did you mean --jobs\?/],
    ['an option without its value', ['run', '--jobs'], /option '--jobs <n>' argument missing/],
    ['an unknown scheme', ['run', 'ftp://host/'], /ftp: URLs cannot be tested/],
    ['a text that is not a URL', ['run', 'localhost:8080/events'], /an argument is not a URL/],
    ['a URL that cannot be parsed', ['run', 'ws://host:99999/'], /is not a URL/],
    ['a fragment', ['run', 'ws://host/#part'], /fragment/],
    [
      'an unknown check',
      ['run', '--only', 'both/performance/latenzy'],
      /there is no check .*did you mean both\/performance\/latency/,
    ],
    ['a glob that matches nothing', ['run', '--only', 'ws/nothing/*'], /no check matches ws\/nothing\/\*/],
    ['a selection without members', ['run', '--only', 'both/**', '--skip', 'both/**'], /no check matched/],
    ['an unknown clause', ['run', '--clause', 'RFC6456/5'], /RFC6456 is none of .*did you mean RFC6455/],
    ['an unknown topic', ['list', '--topic', 'securty'], /did you mean security/],
    ['an unknown id to explain', ['explain', 'ws/nothing/here'], /there is no check ws\/nothing\/here/],
    [
      'an unknown mutant',
      ['target', '--mutant', 'mutee'],
      /no mutant mutee \(did you mean mute\?\); see `streamproof target --list-mutants`/,
    ],
    [
      'an unknown engine',
      ['run', '--proxy', 'nonsense'],
      /--proxy takes auto, embedded, toxiproxy, or the URL of a Toxiproxy, such as http:\/\/127\.0\.0\.1:8474, not nonsense$/,
    ],
    ['a mistyped engine', ['doctor', '--proxy', 'embeded'], /, not embeded \(did you mean embedded\?\)/],
    ['an engine URL of another scheme', ['run', '--proxy', 'ftp://host:21'], /--proxy takes auto, embedded/],
    ['an engine with an invalid port', ['run', '--proxy', 'localhost:99999'], /--proxy takes auto, embedded/],
    ['config without --print', ['config'], /config needs --print, which prints every option/],
  ]
  for (const [name, words, line] of cases) {
    it(`${name}: one line, status 2`, async () => {
      using folder = temporaryFolder()
      expectRefusal(await streamproof(words, folder.path), folder.path, 2, line)
    })
  }

  it('a config file with a mistyped key: one line that names file and key, status 2', async () => {
    using folder = temporaryFolder({ 'streamproof.config.json': '{"publish": {"ulr": "http://h/"}}' })
    const result = await streamproof(['run'], folder.path)
    expectRefusal(
      result,
      folder.path,
      2,
      /streamproof\.config\.json: unknown key publish\.ulr .*did you mean url/,
    )
  })

  it('a folder that cannot be created: one line before the first connection, status 2', async () => {
    using folder = temporaryFolder({ file: '' })
    await using server = await socketServer(() => undefined)
    const out = join(folder.path, 'file', 'reports')
    const result = await streamproof(['run', `ws://127.0.0.1:${server.port}/`, '--out', out], folder.path)
    expectRefusal(result, folder.path, 2, /cannot write to .*file.*; choose another place with --out/)
    expect(server.connections()).to.equal(0)
  })

  it('a folder without write permission: one line before the first connection, status 2', async function () {
    if (process.getuid?.() === 0 || process.platform === 'win32') this.skip() // root may write everywhere
    const result = await streamproof(['run', '--out', '/streamproof-report'], '/')
    expectRefusal(result, '/', 2, /permission denied/)
  })

  it('two reports for stdout: one line, status 2', async () => {
    using folder = temporaryFolder()
    const result = await streamproof(['run', '--report', 'json=-,junit=-'], folder.path)
    expectRefusal(result, folder.path, 2, /more than one report to stdout/)
  })

  it('two reports for one file: one line, status 2', async () => {
    using folder = temporaryFolder()
    const result = await streamproof(['run', '--report', 'json=a/one.txt,junit=./a/one.txt'], folder.path)
    expectRefusal(result, folder.path, 2, /two reports to \.\/a\/one\.txt; give each its own path/)
  })
})

describe('cli: targets that cannot be tested', () => {
  const html = '<!doctype html><title>Hello</title>'
  const servers: readonly (readonly [name: string, open: () => Promise<BadServer>, line: RegExp])[] = [
    [
      'that serves an HTML page',
      () => httpServer((_, response) => response.setHeader('Content-Type', 'text/html').end(html)),
      /with an HTML page; check the path/,
    ],
    ['that answers 404', () => httpServer((_, response) => response.writeHead(404).end()), /404/],
    ['that answers 401', () => httpServer((_, response) => response.writeHead(401).end()), /401/],
    ['that answers 500', () => httpServer((_, response) => response.writeHead(500).end()), /500/],
    [
      'that redirects to itself',
      () =>
        httpServer((request, response) => response.writeHead(302, { Location: request.url ?? '/' }).end()),
      /302/,
    ],
    ['that sends an endless header', () => socketServer(endless), /streamproof: /],
    ['that never responds', () => socketServer((socket) => socket.resume()), /streamproof: /],
    ['that closes the connection', () => socketServer((socket) => socket.end()), /streamproof: /],
    [
      'that resets the connection',
      () => socketServer((socket) => socket.once('data', () => socket.resetAndDestroy())),
      /streamproof: /,
    ],
    [
      'of another protocol',
      () => socketServer((socket) => socket.end('220 mail ready\r\n')),
      /streamproof: /,
    ],
  ]
  for (const scheme of ['ws', 'http']) {
    for (const [name, open, line] of servers) {
      it(`${scheme}: a server ${name}: one line, status 3`, async () => {
        using folder = temporaryFolder()
        await using server = await open()
        const result = await streamproof(
          ['run', `${scheme}://127.0.0.1:${server.port}/x`, ...hasty],
          folder.path,
        )
        expectRefusal(result, folder.path, 3, line)
      }).timeout(20_000)
    }

    it(`${scheme}: a port that refuses connections: one line, status 3`, async () => {
      using folder = temporaryFolder()
      const result = await streamproof(
        ['run', `${scheme}://127.0.0.1:${await freePort()}/`, ...hasty],
        folder.path,
      )
      expectRefusal(result, folder.path, 3, /refuses connections: .*start the server, or check the port/)
    })

    it(`${scheme}: an unknown host name: one line, status 3`, async () => {
      using folder = temporaryFolder()
      const result = await streamproof(['run', `${scheme}://nobody.invalid/`, ...hasty], folder.path)
      expectRefusal(result, folder.path, 3, /nobody\.invalid/)
    })

    it(`${scheme}s: an untrusted certificate: one line that names the option, status 3`, async () => {
      using folder = temporaryFolder()
      await using reference = await startReference()
      const url = scheme === 'ws' ? reference.wss : reference.https
      expectRefusal(
        await streamproof(['run', url.href, ...hasty], folder.path),
        folder.path,
        3,
        /certificate.*--ca/,
      )
    })

    it(`${scheme}s: a server without TLS: one line, status 3`, async () => {
      using folder = temporaryFolder()
      await using server = await httpServer((_, response) => response.end())
      const result = await streamproof(
        ['run', `${scheme}s://127.0.0.1:${server.port}/`, ...hasty],
        folder.path,
      )
      expectRefusal(result, folder.path, 3, /TLS/)
    })
  }

  it('a server of the other protocol: one line, status 3', async () => {
    using folder = temporaryFolder()
    await using sse = await startReference({ ws: false })
    const asWebSocket = sse.http.href.replace('http:', 'ws:')
    expectRefusal(
      await streamproof(['run', asWebSocket, ...hasty], folder.path),
      folder.path,
      3,
      /is an event stream, not a WebSocket: give it as http: or https:/,
    )
    await using webSocket = await startReference({ sse: false })
    const asStream = webSocket.ws.href.replace('ws:', 'http:')
    expectRefusal(
      await streamproof(['run', asStream, ...hasty], folder.path),
      folder.path,
      3,
      /is a WebSocket and no event stream: give it as ws: or wss:/,
    )
  })

  it('a target that does not start within --wait: one line, status 3', async () => {
    using folder = temporaryFolder()
    const result = await streamproof(
      ['run', `ws://127.0.0.1:${await freePort()}/`, '--wait', '300ms', '--quiet'],
      folder.path,
    )
    expectRefusal(result, folder.path, 3, /did not accept a connection within 300ms \(--wait\)/)
  })
})

describe('cli: proxy engines that cannot be used', () => {
  it('a Toxiproxy that cannot be reached: one line that says what to do, status 3', async () => {
    using folder = temporaryFolder()
    const result = await streamproof(
      ['run', '--proxy', `http://127.0.0.1:${await freePort()}`, '--quiet'],
      folder.path,
    )
    expectRefusal(result, folder.path, 3, /Toxiproxy .*does not answer.*--proxy embedded/)
  })

  it('a TOXIPROXY_URL that is not a Toxiproxy: one line, status 3', async () => {
    using folder = temporaryFolder()
    await using server = await httpServer((_, response) => response.end('{}'))
    const env = { TOXIPROXY_URL: `http://127.0.0.1:${server.port}` }
    expectRefusal(await streamproof(['run', '--quiet'], folder.path, env), folder.path, 3, /Toxiproxy/)
  })

  it('no toxiproxy-server on the PATH: one line, status 3', async () => {
    using folder = temporaryFolder()
    const result = await streamproof(['run', '--proxy', 'toxiproxy', '--quiet'], folder.path, {
      PATH: folder.path,
    })
    expectRefusal(result, folder.path, 3, /toxiproxy-server/)
  })

  it('a Toxiproxy that cannot reach this machine: one line that names the option, status 3', async () => {
    using folder = temporaryFolder()
    await using engine = await sharedEngine()
    const words = ['run', '--proxy', engine.url, '--proxy-upstream', 'nobody.invalid', '--quiet']
    expectRefusal(
      await streamproof(words, folder.path),
      folder.path,
      3,
      /cannot reach this host at nobody\.invalid: set --proxy-upstream to a host/,
    )
    expect(await engine.names()).to.deep.equal([foreignProxy])
  })

  it('a Toxiproxy that is too old: one line that names the oldest supported version, status 3', async () => {
    using folder = temporaryFolder()
    await using server = await httpServer((_, response) => response.end('2.3.0'))
    const words = ['run', '--proxy', `127.0.0.1:${server.port}`, '--quiet']
    expectRefusal(
      await streamproof(words, folder.path),
      folder.path,
      3,
      /2\.3\.0, which is too old\. Use 2\.4\.0/,
    )
  })

  it('tests the reference server with every option for a remote Toxiproxy', async () => {
    using folder = temporaryFolder()
    await using engine = await sharedEngine()
    const places = [
      '--proxy-listen',
      '127.0.0.1',
      '--proxy-advertise',
      'localhost',
      '--proxy-upstream',
      '127.0.0.1',
    ]
    const words = ['run', '--only', 'ws/control/*-over-125,ws/faults/*', '--proxy', engine.url, ...places]
    const result = await streamproof([...words, '--quiet'], folder.path)
    expect(result.status, result.err).to.equal(0)
    expect(await engine.names()).to.deep.equal([foreignProxy])
  }).timeout(30_000)

  it('a mistyped engine: one line, status 2', async () => {
    using folder = temporaryFolder()
    const result = await streamproof(['run', '--proxy', 'toxyproxi', '--quiet'], folder.path)
    expect(result.lines).to.have.length(1)
    expect(result.status).to.equal(2)
  })

  it('removes its proxies whatever the target is, and leaves the proxies of others alone', async () => {
    using folder = temporaryFolder()
    await using engine = await sharedEngine()
    await using page = await httpServer((_, response) =>
      response.setHeader('Content-Type', 'text/html').end(),
    )
    for (const port of [await freePort(), page.port]) {
      const words = ['run', `ws://127.0.0.1:${port}/`, '--proxy', engine.url, ...hasty]
      expect((await streamproof(words, folder.path)).status).to.equal(3)
      expect(await engine.names()).to.deep.equal([foreignProxy])
    }
    const judged = ['run', '--only', 'ws/control/*-over-125,ws/faults/*', '--proxy', engine.url, '--quiet']
    await using server = await startReference({ sse: false })
    await streamproof([...judged, server.ws.href], folder.path)
    expect(await engine.names()).to.deep.equal([foreignProxy])
  }).timeout(30_000)

  it('leaves an existing report unchanged', async () => {
    using folder = temporaryFolder()
    const reports = join(folder.path, 'reports')
    mkdirSync(reports)
    writeFileSync(join(reports, 'report.json'), 'mine')
    const before = readdirSync(reports).toSorted()
    await streamproof(['run', `ws://127.0.0.1:${await freePort()}/`, '--out', reports, ...hasty], folder.path)
    expect(readdirSync(reports).toSorted()).to.deep.equal(before)
  })
})

/** Sends header lines as long as they are read. */
function endless(socket: Socket): void {
  socket.once('data', () => {
    socket.write('HTTP/1.1 200 OK\r\n')
    const more = (): void => {
      while (!socket.destroyed && socket.write(`X-Filler: ${'x'.repeat(8000)}\r\n`)) {
        // until the send buffer is full
      }
    }
    socket.on('drain', more)
    more()
  })
}
