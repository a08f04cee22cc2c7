import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'

import { startProxyServer } from '#proxies/embedded/standalone'
import type { ProxyServer } from '#proxies/embedded/standalone'
import { EngineError } from '#proxies/types'
import { lacking } from '../../lacking.ts'

describe('startProxyServer', () => {
  let folder = ''
  let file = ''

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'streamproof-'))
    file = join(folder, 'toxiproxy.json')
  })
  after(() => rm(folder, { recursive: true }))

  const refusal = async (config: string): Promise<string> => {
    const error = await startProxyServer({ host: '127.0.0.1', port: 0, config }).then(
      () => null,
      (thrown: Error) => thrown,
    )
    expect(error).to.be.instanceOf(EngineError)
    return error?.message ?? ''
  }

  it('starts with the proxies of a config file', async () => {
    await writeFile(
      file,
      JSON.stringify([
        { name: 'one', listen: '127.0.0.1:0', upstream: 'x:1' },
        { name: 'two', listen: 'localhost:0', upstream: 'x:2', enabled: false },
      ]),
    )
    const server = await startProxyServer({ host: '127.0.0.1', port: 0, config: file })
    const listed = (await (await fetch(`${server.url}/proxies`)).json()) as Record<
      string,
      { enabled: boolean }
    >
    expect(Object.entries(listed).map(([name, { enabled }]) => [name, enabled])).to.deep.equal([
      ['one', true],
      ['two', false],
    ])
    await server.close()
  })

  it('names a config that cannot be read', async () => {
    const missing = join(folder, 'missing.json')
    expect(await refusal(missing)).to.equal(`the config ${missing} cannot be read: ENOENT`)
  })

  it('reports what is wrong with a config', async () => {
    await writeFile(file, '[{"name": "one"}]')
    expect(await refusal(file)).to.equal(
      `the proxy server did not start (config ${file}): missing required field: upstream at proxy 1`,
    )
    await writeFile(file, '[{]')
    expect(await refusal(file)).to.include('bad request body: invalid character')
  })

  it('binds a name at its IPv4 address, as the real server does', async () => {
    const server = await startProxyServer({ host: 'localhost', port: 0 })
    expect(server.url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/)
    await server.close()
  })

  it('reports a random seed, so that a run can be repeated', async () => {
    const first = await startProxyServer({ host: '127.0.0.1', port: 0 })
    const second = await startProxyServer({ host: '127.0.0.1', port: 0, seed: 0 })
    expect(first.seed).to.be.a('number')
    expect(second.seed).to.equal(0)
    await first.close()
    await second.close()
  })
})

/** Skipped without toxiproxy-cli. */
describe("the embedded engine under Toxiproxy's command line", () => {
  let server: ProxyServer

  const cli = (...args: readonly string[]): Promise<{ readonly code: number; readonly out: string }> =>
    new Promise((resolve) => {
      const program = process.env['STREAMPROOF_TOXIPROXY_CLI'] ?? 'toxiproxy-cli'
      const env = { ...process.env, TOXIPROXY_URL: server.url }
      execFile(program, args, { env }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
        resolve({ code, out: `${stdout}${stderr}` })
      })
    })

  before(async function () {
    server = await startProxyServer({ host: '127.0.0.1', port: 0 })
    if ((await cli('--version')).code !== 0) {
      await server.close()
      lacking(this, 'no toxiproxy-cli on PATH, and STREAMPROOF_TOXIPROXY_CLI names none')
    }
  })
  after(() => server.close())

  const expectOutput = async (pattern: RegExp, ...args: readonly string[]): Promise<void> => {
    const { code, out } = await cli(...args)
    expect(code, out).to.equal(0)
    expect(out).to.match(pattern)
  }

  it('creates, lists and inspects a proxy', async () => {
    await expectOutput(
      /Created new proxy p/,
      'create',
      '--listen',
      '127.0.0.1:0',
      '--upstream',
      '127.0.0.1:9',
      'p',
    )
    await expectOutput(/^p\t127\.0\.0\.1:\d+\t127\.0\.0\.1:9\tenabled\t/, 'list')
    await expectOutput(/^$/, 'inspect', 'p')
  })

  it('adds, shows, updates and removes toxics', async () => {
    await expectOutput(
      /Added downstream latency toxic 'slow'/,
      'toxic',
      'add',
      '-t',
      'latency',
      '-n',
      'slow',
      '-a',
      'latency=100',
      '-a',
      'jitter=5',
      'p',
    )
    await expectOutput(
      /Added upstream bandwidth toxic 'thin'/,
      'toxic',
      'add',
      '-t',
      'bandwidth',
      '-n',
      'thin',
      '-u',
      '-tox',
      '0.5',
      '-a',
      'rate=10',
      'p',
    )
    await expectOutput(
      /slow\ttype=latency.*stream=downstream.*toxicity=1\.00.*jitter=5.*latency=100/s,
      'inspect',
      'p',
    )
    await expectOutput(/Updated toxic 'slow'/, 'toxic', 'update', '-n', 'slow', '-a', 'latency=7', 'p')
    await expectOutput(/latency=7/, 'inspect', 'p')
    await expectOutput(/Removed toxic 'thin'/, 'toxic', 'remove', '-n', 'thin', 'p')
  })

  it('toggles and deletes a proxy', async () => {
    await expectOutput(/Proxy p is now disabled/, 'toggle', 'p')
    await expectOutput(/Proxy p is now enabled/, 'toggle', 'p')
    await expectOutput(/Deleted proxy p/, 'delete', 'p')
  })

  it('shows the refusals of the engine', async () => {
    const { code, out } = await cli('inspect', 'none')
    expect(code).to.not.equal(0)
    expect(out).to.include('proxy not found')
  })
})
