import { join } from 'node:path'
import { expect } from 'chai'
import { socketServer } from '../support/bad-servers.ts'
import { streamproof } from '../support/in-process.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { expectRefusal } from '../support/refusal.ts'

describe('cli: mistakes on the command line', () => {
  const cases: readonly (readonly [name: string, words: readonly string[], line: RegExp])[] = [
    ['an unknown command', ['judge'], /unknown command 'judge'/],
    ['an option that is not built', ['run', '--shard', '1/2'], /unknown option '--shard'/],
    ['a mistyped option', ['run', '--job', '3'], /unknown option '--job'; did you mean --jobs\?/],
    ['an option without its value', ['run', '--jobs'], /option '--jobs <n>' argument missing/],
    ['an unknown scheme', ['run', 'ftp://host/'], /ftp: URLs cannot be tested/],
    [
      'an address without a scheme',
      ['run', 'localhost:8080/events'],
      /localhost:8080 has no URL scheme; give/,
    ],
    [
      'a superfluous argument',
      ['list', 'ws'],
      /too many arguments for 'list': expected 0, got 1; see --help$/,
    ],
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
