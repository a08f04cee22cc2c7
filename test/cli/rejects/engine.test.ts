import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { startReference } from '#reference/start'
import { freePort, httpServer } from '../support/bad-servers.ts'
import { streamproof } from '../support/in-process.ts'
import { foreignProxy, sharedEngine } from '../support/shared-engine.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { expectRefusal, hasty } from '../support/refusal.ts'

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
