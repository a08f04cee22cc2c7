import { execFileSync } from 'node:child_process'
import { expect } from 'chai'
import { configure } from '#cli/config/configuration'
import { repeatCommand } from '#cli/output/repeat'
import { protocols } from '#protocols/index'
import { reportSchema } from '#model/result'
import { startReference } from '#reference/start'
import { streamproof } from '../support/in-process.ts'
import { temporaryFolder } from '../support/temporary.ts'

/** The words that a shell makes of a command line, with these environment variables. */
function shellWords(command: string, env: Readonly<Record<string, string>>): string[] {
  const script = `for word in ${command}; do printf '%s\\0' "$word"; done`
  return execFileSync('sh', ['-c', script], { env, encoding: 'utf8' }).split('\0').slice(0, -1)
}

describe('cli: the command that repeats a check', () => {
  const repeat = async (
    flags: Readonly<Record<string, string | readonly string[] | true>>,
    { file, env = {} }: { readonly file?: object; readonly env?: Readonly<Record<string, string>> } = {},
  ): Promise<string> => {
    using folder = temporaryFolder(
      file === undefined ? {} : { 'streamproof.config.json': JSON.stringify(file) },
    )
    const given = { positional: [], flags, env, folder: folder.path }
    return repeatCommand(await configure(given, protocols), env, protocols)
  }

  it('has every option that can change the verdict, and no other', async () => {
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

  it('names the config file instead of its values', async () => {
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

  it('names the environment variable of a value that may hold credentials', async () => {
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

  it('gives the same verdict when it is pasted into a shell', async function () {
    if (process.platform === 'win32') this.skip() // the command is written for a POSIX shell
    await using broken = await startReference({ mutant: 'accept-long-ping', sse: false })
    using folder = temporaryFolder()
    const env = { STREAMPROOF_HEADER: 'X-Key: one two\nX-Other: three' }
    const fails = async (words: readonly string[]): Promise<string> => {
      const quick = ['--timeout-scale', '0.3', '--report', 'json=-', '--quiet']
      const { status, out, err } = await streamproof([...words, ...quick], folder.path, env)
      expect(status, err).to.equal(1)
      const [result] = reportSchema.parse(JSON.parse(out)).results
      expect(result?.verdict).to.equal('fail')
      return result?.reproduce ?? ''
    }
    const words = ['run', broken.ws.href, '--subprotocol', 'chat.v2', '--subprotocol', 'v3!$HOME']
    const command = await fails([...words, '--only', 'ws/control/ping-over-125', '--seed', '3'])
    expect(command).to.equal(
      `streamproof run --ws ${broken.ws.href} --header "$STREAMPROOF_HEADER" --subprotocol chat.v2 ` +
        "--subprotocol 'v3!$HOME' --timeout-scale 0.3 --only ws/control/ping-over-125 --seed 3",
    )
    const [, ...pasted] = shellWords(command, env)
    expect(pasted).to.include.members(['X-Key: one two\nX-Other: three', 'v3!$HOME'])
    expect(await fails(pasted)).to.equal(command)
  }).timeout(20_000)
})
