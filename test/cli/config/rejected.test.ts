import { expect } from 'chai'
import { UsageError } from '#model/errors'
import { configure } from '#cli/config/configuration'
import { protocols } from '#protocols/index'
import type { CommandInput, Configuration } from '#cli/config/configuration'
import { temporaryFolder } from '../support/temporary.ts'

/** A folder in which no config file is found. */
const nowhere = '/'

function configured(given: Partial<CommandInput>): Promise<Configuration> {
  return configure({ positional: [], flags: {}, env: {}, folder: nowhere, ...given }, protocols)
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

describe('cli/configuration', () => {
  describe('rejects in one line that names the source', () => {
    const cases: readonly (readonly [name: string, given: Partial<CommandInput>, message: RegExp])[] = [
      [
        'an unknown scheme',
        { positional: ['ftp://host/'] },
        /^ftp: URLs cannot be tested; give a URL that begins with ws:\/\//,
      ],
      [
        'an address without a scheme',
        { positional: ['host:8080/events'] },
        /^host:8080 has no URL scheme; give a URL that begins with ws:\/\//,
      ],
      [
        'a text that is not a URL, without repeating it',
        { positional: ['secret'] },
        /^an argument is not a URL; give a URL that begins with ws:\/\//,
      ],
      [
        'a text with a user part, without repeating it',
        { positional: ['user:1234/5@host:80'] },
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
})
