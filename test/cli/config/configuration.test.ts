import { join } from 'node:path'
import { expect } from 'chai'
import { configure } from '#cli/config/configuration'
import type { CommandInput, Configuration } from '#cli/config/configuration'
import { flagOf, keyOf, optionsOf, variableOf } from '#cli/config/options'
import { protocols } from '#protocols/index'
import { temporaryFolder } from '../support/temporary.ts'

/** A folder in which no config file is found. */
const nowhere = '/'

function configured(given: Partial<CommandInput>): Promise<Configuration> {
  return configure({ positional: [], flags: {}, env: {}, folder: nowhere, ...given }, protocols)
}

async function withFile(content: unknown, given: Partial<CommandInput> = {}): Promise<Configuration> {
  using folder = temporaryFolder({ 'streamproof.config.json': JSON.stringify(content) })
  return await configured({ folder: folder.path, ...given })
}

describe('cli/configuration', () => {
  it('names a flag, a variable and a key for every option', () => {
    expect(flagOf('timeoutScale')).to.equal('--timeout-scale')
    expect(variableOf('timeoutScale')).to.equal('STREAMPROOF_TIMEOUT_SCALE')
    const options = optionsOf(protocols)
    expect(new Set([...options].map(([name, spec]) => keyOf(name, spec))).size).to.equal(options.size)
  })

  it('uses the default of every option if nothing is given', async () => {
    const { options, contract, origins } = await configured({})
    expect(options.jobs).to.equal(16)
    expect(options.out).to.equal('streamproof-report')
    expect(contract).to.deep.equal({})
    expect(new Set([...origins.values()].map(({ source }) => source))).to.deep.equal(new Set(['default']))
  })

  it('decides by the scheme of a URL which protocol it belongs to', async () => {
    const { contract, origins } = await configured({ positional: ['https://host/events', 'ws://host/chat'] })
    expect(contract).to.deep.equal({ ws: 'ws://host/chat', sse: 'https://host/events' })
    expect(origins.get('ws')).to.deep.equal({ source: 'argument', place: 'argument' })
  })

  it('uses a flag before the environment, and the environment before the file', async () => {
    const file = { jobs: 1, timeoutScale: 1.5, failOn: 'never' }
    const env = { STREAMPROOF_JOBS: '2', STREAMPROOF_TIMEOUT_SCALE: '2.5' }
    const { options, origins } = await withFile(file, { env, flags: { jobs: '3' } })
    expect(options).to.include({ jobs: 3, timeoutScale: 2.5, failOn: 'never' })
    expect(['jobs', 'timeoutScale', 'failOn', 'out'].map((key) => origins.get(key)?.place)).to.deep.equal([
      '--jobs',
      'STREAMPROOF_TIMEOUT_SCALE',
      'streamproof.config.json',
      'default',
    ])
  })

  it('parses lists, times, switches, headers and reports from text', async () => {
    const { options } = await configured({
      positional: ['ws://host/'],
      env: {
        STREAMPROOF_ONLY: 'ws/control/*, ws/close/*',
        STREAMPROOF_MAX_TIME: '2m',
        STREAMPROOF_INSECURE: 'yes',
        STREAMPROOF_HEADER: 'X-One: a, b\nX-Two: c:d',
        STREAMPROOF_REPORT: 'json=-,junit=out/j.xml,html',
        STREAMPROOF_LEVEL: 'must,Should',
      },
    })
    expect(options.only).to.deep.equal(['ws/control/*', 'ws/close/*'])
    expect(options.maxTime).to.equal(120_000)
    expect(options.insecure).to.equal(true)
    expect(options.header).to.deep.equal([
      ['X-One', 'a, b'],
      ['X-Two', 'c:d'],
    ])
    expect(options.report).to.deep.equal([
      { format: 'json', path: '-' },
      { format: 'junit', path: 'out/j.xml' },
      { format: 'html', path: null },
    ])
    expect(options.level).to.deep.equal(['MUST', 'SHOULD'])
  })

  it('collects the values of repeated flags', async () => {
    const { options } = await configured({
      positional: ['ws://host/'],
      flags: { only: ['a/b/c', 'd/e/f,g/h/i'], header: ['A: 1, 2', 'B: 3\nC: 4'] },
    })
    expect(options.only).to.deep.equal(['a/b/c', 'd/e/f', 'g/h/i'])
    expect(options.header).to.deep.equal([
      ['A', '1, 2'],
      ['B', '3'],
      ['C', '4'],
    ])
  })

  it('takes the contract from the file', async () => {
    const publish = { url: 'https://host/publish', method: 'PUT', body: '{"d":{json:data}}' }
    const file = {
      sse: 'https://host/events',
      publish,
      opening: [{ send: 'hi' }],
      headers: { Cookie: 'a=b' },
    }
    const { contract, origins } = await withFile(file)
    expect(contract).to.deep.equal(file)
    expect(origins.get('publish.method')?.source).to.equal('file')
    expect(origins.get('publish.url')?.source).to.equal('file')
    expect(origins.get('opening')?.source).to.equal('file')
  })

  it('combines the publish URL of a flag with the publish request of the file', async () => {
    const file = { sse: 'https://host/events', publish: { url: 'https://host/publish', method: 'PUT' } }
    const { contract } = await withFile(file, { flags: { publishUrl: 'https://other/publish' } })
    expect(contract.publish).to.deep.equal({ url: 'https://other/publish', method: 'PUT' })
  })

  it('replaces all URLs of the file by those of the command line', async () => {
    const file = {
      ws: 'ws://file/',
      sse: 'http://file/',
      secureUrl: { ws: 'wss://file/', sse: 'https://file/' },
    }
    const { contract, origins } = await withFile(file, { positional: ['ws://given/'] })
    expect(contract.ws).to.equal('ws://given/')
    expect(contract.sse).to.equal(undefined)
    expect(contract.secureUrl).to.deep.equal({})
    expect(origins.get('sse')?.source).to.equal('default')
  })

  it('resolves the paths in a file relative to its folder', async () => {
    const content = '{"out": "reports", "report": ["json=a/b.json", "html", "markdown=-"]}'
    using folder = temporaryFolder({ 'streamproof.config.json': content })
    const { options } = await configured({ folder: folder.path })
    expect(options.out).to.equal(join(folder.path, 'reports'))
    expect(options.report.map(({ path }) => path)).to.deep.equal([
      join(folder.path, 'a', 'b.json'),
      null,
      '-',
    ])
  })

  it('accepts a certificate authority as a path or as PEM text', async () => {
    const pem = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n'
    using folder = temporaryFolder({ 'ca.pem': pem })
    const { contract } = await configured({
      positional: ['wss://host/'],
      flags: { ca: join(folder.path, 'ca.pem') },
    })
    expect(contract.ca).to.equal(pem)
    expect((await withFile({ ws: 'wss://host/', ca: pem })).contract.ca).to.equal(pem)
  })

  it('takes the options for a remote Toxiproxy from flags, environment and file', async () => {
    const { options, origins } = await withFile(
      { proxyUpstream: 'host.docker.internal' },
      { env: { STREAMPROOF_PROXY_ADVERTISE: 'fd00::2' }, flags: { proxyListen: '[::]:9000-9099' } },
    )
    expect(options).to.include({
      proxyListen: '[::]:9000-9099',
      proxyAdvertise: 'fd00::2',
      proxyUpstream: 'host.docker.internal',
    })
    const keys = ['proxyListen', 'proxyAdvertise', 'proxyUpstream']
    expect(keys.map((key) => origins.get(key)?.place)).to.deep.equal([
      '--proxy-listen',
      'STREAMPROOF_PROXY_ADVERTISE',
      'streamproof.config.json',
    ])
  })

  it('warns of an environment variable that looks mistyped', async () => {
    const { warnings } = await configured({ env: { STREAMPROOF_JOBZ: '3', STREAMPROOF_REQUIRE_REAL: '1' } })
    expect(warnings).to.deep.equal([
      'ignoring the environment variable STREAMPROOF_JOBZ: there is no such option (did you mean STREAMPROOF_JOBS?)',
    ])
  })

  it('finds the config file in the nearest parent folder', async () => {
    using folder = temporaryFolder({ 'streamproof.config.mjs': 'export default { jobs: 7 }' })
    const { options } = await configured({ folder: join(folder.path, 'deep', 'down') })
    expect(options.jobs).to.equal(7)
  })
})
