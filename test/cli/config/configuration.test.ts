import { join } from 'node:path'
import { expect } from 'chai'
import { UsageError } from '#model/errors'
import { configure } from '#cli/config/configuration'
import type { CommandInput, Configuration } from '#cli/config/configuration'
import { flagOf, keyOf, optionNames, variableOf } from '#cli/config/options'
import { temporaryFolder } from '../temporary.ts'

/** A folder in which no config file is found. */
const nowhere = '/'

function configured(given: Partial<CommandInput>): Promise<Configuration> {
  return configure({ positional: [], flags: {}, env: {}, folder: nowhere, ...given })
}

async function refusal(given: Partial<CommandInput>): Promise<string> {
  try {
    await configured(given)
  } catch (error) {
    expect(error).to.be.instanceOf(UsageError)
    return (error as Error).message
  }
  throw new Error('the input was accepted')
}

async function withFile(content: unknown, given: Partial<CommandInput> = {}): Promise<Configuration> {
  using folder = temporaryFolder({ 'streamproof.config.json': JSON.stringify(content) })
  return await configured({ folder: folder.path, ...given })
}

describe('cli/configuration', () => {
  it('names a flag, a variable and a key for every option', () => {
    expect(flagOf('timeoutScale')).to.equal('--timeout-scale')
    expect(variableOf('timeoutScale')).to.equal('STREAMPROOF_TIMEOUT_SCALE')
    expect(new Set(optionNames.map(keyOf)).size).to.equal(optionNames.length)
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

  describe('rejects in one line that names the source', () => {
    const cases: readonly (readonly [name: string, given: Partial<CommandInput>, message: RegExp])[] = [
      [
        'an unknown scheme',
        { positional: ['ftp://host/'] },
        /^ftp: URLs cannot be tested; give a URL that begins with ws:\/\//,
      ],
      [
        'a text that is not a URL',
        { positional: ['host:8080'] },
        /^an argument is not a URL; give a URL that begins with ws:\/\//,
      ],
      [
        'two URLs of one protocol',
        { positional: ['ws://a/', 'wss://b/'] },
        /^two WebSocket URLs are given; give at most one of each protocol$/,
      ],
      [
        'a URL as an argument and as a flag',
        { positional: ['http://a/'], flags: { sse: 'http://b/' } },
        /^two event stream URLs/,
      ],
      ['a number out of range', { flags: { jobs: '0' } }, /^--jobs takes a whole number from 1 to 256$/],
      [
        'a text instead of a number',
        { env: { STREAMPROOF_SEED: 'x' } },
        /^STREAMPROOF_SEED takes a whole number/,
      ],
      [
        'a time without a unit',
        { flags: { maxTime: '20' } },
        /^--max-time takes a time with its unit, such as 350ms, 20s or 5m, not "20"$/,
      ],
      ['an empty selection', { flags: { only: [''] } }, /^--only is empty$/],
      ['an unknown word', { flags: { failOn: 'shuold' } }, /^--fail-on takes must, should, never/],
      [
        'an unknown topic',
        { flags: { topic: ['securty'] } },
        /^--topic takes .*\(did you mean security\?\)$/,
      ],
      [
        'an unknown format',
        { flags: { report: ['jsn'] } },
        /^--report takes FORMAT or FORMAT=PATH, where FORMAT is terminal, json, junit, html, markdown, not "jsn"$/,
      ],
      [
        'a header without a name',
        { positional: ['ws://h/'], flags: { header: ['secret'] } },
        /^--header takes "Name: value"$/,
      ],
      [
        'a header with a line break in its value',
        { positional: ['ws://h/'], flags: { header: ['A: b\r\nC: d'] } },
        /^--header has a character in the value of A that is not allowed in a header$/,
      ],
      [
        'a word that is not a boolean',
        { env: { STREAMPROOF_QUIET: 'perhaps' } },
        /^STREAMPROOF_QUIET takes true or false$/,
      ],
      [
        'a range of ports that ends before it starts',
        { flags: { proxyListen: '0.0.0.0:9099-9000' } },
        /^--proxy-listen takes HOST, HOST:PORT or HOST:FIRST-LAST, such as 0\.0\.0\.0:9000-9099$/,
      ],
      [
        'a URL instead of a host',
        { env: { STREAMPROOF_PROXY_UPSTREAM: 'http://host' } },
        /^STREAMPROOF_PROXY_UPSTREAM takes a name or an address, without a port$/,
      ],
      [
        'a host with a port',
        { flags: { proxyAdvertise: 'host:9000' } },
        /^--proxy-advertise takes a name or an address, without a port$/,
      ],
      [
        'a contract without a target',
        { flags: { publishUrl: 'http://h/' } },
        /^--publish-url describes a server, but no server is given; add its URL$/,
      ],
      [
        'a certificate authority that does not exist',
        { positional: ['wss://h/'], flags: { ca: '/nowhere.pem' } },
        /^cannot read the PEM file \/nowhere\.pem: no such file/,
      ],
      [
        'a config file that does not exist',
        { flags: { config: '/nowhere.json' } },
        /^config file \/nowhere\.json does not exist$/,
      ],
    ]
    for (const [name, given, message] of cases) {
      it(name, async () => {
        const refused = await refusal(given)
        expect(refused).to.match(message)
        expect(refused).not.to.include('secret')
      })
    }
  })

  describe('rejects a config file', () => {
    const cases: readonly (readonly [
      name: string,
      files: Readonly<Record<string, string>>,
      message: RegExp,
    ])[] = [
      [
        'with a mistyped key',
        { 'streamproof.config.json': '{"timeoutScael": 2}' },
        /^streamproof\.config\.json: unknown key timeoutScael \(did you mean timeoutScale\?\)$/,
      ],
      [
        'with several mistyped keys, all of which are named',
        {
          'streamproof.config.json':
            '{"timeoutScael": 2, "jobs": 3, "publish": {"ulr": "http://h/", "metod": "PUT"}, "opening": [{"sned": "a"}, {"xyzzy": "b"}], "qwertz": 1}',
        },
        /^streamproof\.config\.json: unknown keys opening\.0\.sned \(did you mean send\?\), opening\.1\.xyzzy, publish\.ulr \(did you mean url\?\), publish\.metod \(did you mean method\?\), timeoutScael \(did you mean timeoutScale\?\), qwertz$/,
      ],
      [
        'with a value of another type',
        { 'streamproof.config.json': '{"jobs": "many"}' },
        /^streamproof\.config\.json: jobs: /,
      ],
      [
        'that is not JSON, without quoting it',
        { 'streamproof.config.json': '{"headers": {"A": secret}}' },
        /^config file .*streamproof\.config\.json is not valid JSON/,
      ],
      [
        'without a default export',
        { 'streamproof.config.mjs': 'export const jobs = 2' },
        /^config file .* has no default export; add `export default \{\}`$/,
      ],
      [
        'that throws',
        { 'streamproof.config.mjs': 'throw new Error("no\\nway")' },
        /^cannot load config file .*: no/,
      ],
      [
        'in a folder with another one',
        { 'streamproof.config.mjs': '', 'streamproof.config.json': '{}' },
        /has streamproof\.config\.mjs and streamproof\.config\.json; remove one, or choose one with --config$/,
      ],
    ]
    for (const [name, files, message] of cases) {
      it(name, async () => {
        using folder = temporaryFolder(files)
        const refused = await refusal({ folder: folder.path })
        expect(refused).to.match(message)
        expect(refused).not.to.include('secret')
      })
    }
  })

  it('finds the config file in the nearest parent folder', async () => {
    using folder = temporaryFolder({ 'streamproof.config.mjs': 'export default { jobs: 7 }' })
    const { options } = await configured({ folder: join(folder.path, 'deep', 'down') })
    expect(options.jobs).to.equal(7)
  })
})
