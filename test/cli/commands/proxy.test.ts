import { expect } from 'chai'
import { startReference } from '#reference/start'
import { Upstream, Wire } from '../../proxies/wire.ts'
import { streamproof } from '../support/in-process.ts'
import { Spawned } from '../support/spawned.ts'
import { temporaryFolder } from '../support/temporary.ts'

/** Which of 20 connections a toxic of toxicity 0.5 affected, at the engine with this URL. */
async function drawn(url: string): Promise<string> {
  const upstream = await Upstream.open((wire) => wire.send('hello'))
  const toxics = [{ type: 'limit_data', toxicity: 0.5, attributes: { bytes: 1 } }]
  const body = {
    name: 'p',
    listen: '127.0.0.1:0',
    upstream: `127.0.0.1:${upstream.port}`,
    streamproof: { toxics },
  }
  const made = await fetch(`${url}/proxies`, { method: 'POST', body: JSON.stringify(body) })
  const { listen } = (await made.json()) as { readonly listen: string }
  let struck = ''
  for (let count = 0; count < 20; count++) {
    const client = await Wire.connect(Number(listen.split(':').at(-1)))
    await client.got(5).catch(() => null)
    struck += client.length === 5 ? '-' : 'x'
    client.socket.destroy()
  }
  await upstream.close()
  return struck
}

describe('cli: proxy', function () {
  this.timeout(30_000)

  it('accepts the flags of toxiproxy-server, with one dash or two', async () => {
    const proxies = '[{"name": "one", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:9"}]'
    using folder = temporaryFolder({ 'toxiproxy.json': proxies })
    const words = [
      'proxy',
      '-host',
      '127.0.0.1',
      '-port=0',
      '-config',
      'toxiproxy.json',
      '--seed',
      '3',
      '-proxy-metrics',
      '--runtime-metrics',
    ]
    await using serving = new Spawned(words, folder.path)
    await serving.printed(/http:\/\/127\.0\.0\.1:\d+/)
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(serving.out)?.[0] ?? ''
    expect(Object.keys((await (await fetch(`${url}/proxies`)).json()) as object)).to.deep.equal(['one'])
    const metrics = await (await fetch(`${url}/metrics`)).text()
    expect(metrics).to.match(/^process_resident_memory_bytes /m)
    expect((await streamproof(['proxy', '-version'], folder.path)).out).to.match(/\d+\.\d+\.\d+\n$/)
  })

  it('accepts a boolean value for a switch, as Go does', async () => {
    using folder = temporaryFolder()
    const none = ['-proxy-metrics=false', '--runtime-metrics=0']
    for (const [words, status] of [
      [none, 404],
      [['-proxy-metrics=true', ...none.slice(1)], 200],
      [['--runtime-metrics=T'], 200],
    ] as const) {
      await using serving = new Spawned(['proxy', '-host=127.0.0.1', '-port=0', ...words], folder.path)
      await serving.printed(/http:\/\/127\.0\.0\.1:\d+/)
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(serving.out)?.[0] ?? ''
      expect((await fetch(`${url}/metrics`)).status, words.join(' ')).to.equal(status)
    }
    for (const value of ['maybe', 'tRuE', 'constructor']) {
      const { status, lines } = await streamproof(['proxy', `-proxy-metrics=${value}`], folder.path)
      expect([status, lines.length], value).to.deep.equal([2, 1])
    }
  })

  it('repeats its random decisions with the same seed only', async () => {
    const struck = async (seed: string): Promise<string> => {
      using folder = temporaryFolder()
      await using serving = new Spawned(['proxy', '-host=127.0.0.1', '-port=0', '-seed', seed], folder.path)
      await serving.printed(/http:\/\/127\.0\.0\.1:\d+/)
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(serving.out)?.[0] ?? ''
      return await drawn(url)
    }
    const first = await struck('1')
    expect(await struck('1')).to.equal(first)
    expect(await struck('2')).to.not.equal(first)
  })

  it('prints one line and exits with 3 if the port is in use', async () => {
    using folder = temporaryFolder()
    await using server = await startReference()
    const { status, lines } = await streamproof(
      ['proxy', '--host', '127.0.0.1', '--port', server.ws.port],
      folder.path,
    )
    expect(status).to.equal(3)
    expect(lines).to.have.length(1)
  })
})
