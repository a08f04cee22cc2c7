import { expect } from 'chai'
import { configure } from '#cli/config/configuration'
import { repeatCommand } from '#cli/output/repeat'
import { temporaryFolder } from '../temporary.ts'

describe('cli: the command that repeats a check', () => {
  const repeat = async (
    flags: Readonly<Record<string, string | readonly string[] | true>>,
    { file, env = {} }: { readonly file?: object; readonly env?: Readonly<Record<string, string>> } = {},
  ): Promise<string> => {
    using folder = temporaryFolder(
      file === undefined ? {} : { 'streamproof.config.json': JSON.stringify(file) },
    )
    return repeatCommand(await configure({ positional: [], flags, env, folder: folder.path }), env)
  }

  it('carries what decides the verdict, and nothing that does not', async () => {
    expect(await repeat({})).to.equal('streamproof run')
    const flags = {
      ws: 'ws://h:1/a b',
      proxy: 'localhost:8474',
      proxyListen: '0.0.0.0:9000-9099',
      proxyAdvertise: 'host.example',
      proxyUpstream: '::1',
      timeoutScale: '2',
      jobs: '3',
      failOn: 'should',
      out: 'elsewhere',
      quiet: true,
    } as const
    expect(await repeat(flags)).to.equal(
      "streamproof run --ws 'ws://h:1/a b' --proxy localhost:8474 --proxy-listen 0.0.0.0:9000-9099 " +
        '--proxy-advertise host.example --proxy-upstream ::1 --timeout-scale 2',
    )
  })

  it('names the config file in place of what that says', async () => {
    const file = {
      ws: 'ws://h/file?token=x',
      headers: { Cookie: 'a=b' },
      publish: { url: 'http://h/p', body: '{data}' },
      opening: [{ send: 'hello' }],
      timeoutScale: 3,
      proxy: 'embedded',
    }
    expect(await repeat({}, { file })).to.equal('streamproof run --config streamproof.config.json')
    expect(await repeat({ timeoutScale: '4', publishUrl: 'http://h/q' }, { file })).to.equal(
      'streamproof run --publish-url "$STREAMPROOF_PUBLISH_URL" --timeout-scale 4 --config streamproof.config.json',
    )
  })

  it('takes variables for flags, and credentials for nobody’s business', async () => {
    const env = { STREAMPROOF_SSE: 'http://u:p@h/e', STREAMPROOF_PROXY: 'http://u:p@h:8474' }
    expect(await repeat({}, { env })).to.equal(
      'streamproof run --sse "$STREAMPROOF_SSE" --proxy "$STREAMPROOF_PROXY"',
    )
    expect(await repeat({}, { env: { TOXIPROXY_URL: 'h:8474' } })).to.equal('streamproof run --proxy h:8474')
    expect(await repeat({}, { env: { TOXIPROXY_URL: 'http://h:8474/?key=x' } })).to.equal(
      'streamproof run --proxy "$TOXIPROXY_URL"',
    )
    expect(await repeat({ proxy: 'embedded' }, { env: { TOXIPROXY_URL: 'h:8474' } })).to.equal(
      'streamproof run --proxy embedded',
    )
  })
})
