import { expect } from 'chai'
import { UsageError } from '#model/errors'
import { commandFor } from '#protocols/index'
import { conditionWords } from '#target/contract/command'
import { parseContract, resolveTargets } from '#protocols/index'
import type { Contract } from '#protocols/index'
import type { Endpoint } from '#peers/session/endpoint'

/** The message about an invalid contract. */
function messageOf(contract: unknown): string {
  try {
    resolveTargets(parseContract(contract, 'streamproof.config.json'))
  } catch (error) {
    expect(error).to.be.instanceOf(UsageError)
    return (error as Error).message
  }
  throw new Error('the contract was accepted')
}

/** The only server that a contract names. */
function endpointOf(contract: Contract): Endpoint | null | undefined {
  const [target] = resolveTargets(contract)
  return target?.endpoint
}

describe('the contract', () => {
  const wrong: readonly (readonly [string, unknown, string])[] = [
    [
      'a key with a typing error',
      { sse: 'http://h/', publsh: {} },
      'streamproof.config.json: unknown key publsh (did you mean publish?)',
    ],
    [
      'one further in',
      { publish: { uri: 'x' } },
      'streamproof.config.json: unknown key publish.uri (did you mean url?)',
    ],
    [
      'one in a list',
      { opening: [{ sned: 'x' }] },
      'streamproof.config.json: unknown key opening.0.sned (did you mean send?)',
    ],
    ['a value of another type', { ws: 5 }, 'streamproof.config.json: ws: has to be a string'],
    [
      'a capability that there is none of',
      { ws: 'ws://h', expects: ['ws.ecko'] },
      'streamproof.config.json: expects.0: unknown ws.ecko (did you mean ws.echo?)',
    ],
    [
      'a header without a colon',
      { ws: 'ws://h', headers: ['Nope'] },
      "streamproof.config.json: headers.0: is not 'Name: value'",
    ],
    [
      'a header that would be two',
      { ws: 'ws://h', headers: { A: 'b\r\nC: d' } },
      'streamproof.config.json: headers.A: holds a line break or NUL',
    ],
    [
      'a URL of the other protocol',
      { ws: 'http://h/' },
      '--ws: http: is not a scheme for it; give ws:// or wss://',
    ],
    [
      'what is no URL',
      { sse: 'example.com/events' },
      '--sse: "example.com/events" is not a URL; give one that begins with http:// or https://',
    ],
    ['a fragment in a WebSocket URL', { ws: 'ws://h/#a' }, '--ws: a WebSocket URL has no fragment (#)'],
    ['no target', {}, 'no target: give a ws:, wss:, http: or https: URL'],
    [
      'a publication without data',
      { sse: 'http://h/', publish: { url: 'http://h/p', body: 'x' } },
      'publish: {data} is missing; put it into the url, the headers or the body',
    ],
    [
      'a declared capability without its key',
      { ws: 'ws://h/', expects: ['ws.denied-origin'] },
      'expects ws.denied-origin, but the contract lacks deniedOrigin',
    ],
    [
      'a declared capability of a protocol without a target',
      { ws: 'ws://h/', expects: ['sse.ids'] },
      'expects sse.ids, but no sse target is given',
    ],
  ]
  for (const [what, contract, line] of wrong) {
    it(`rejects ${what} in one line`, () => expect(messageOf(contract)).to.equal(line))
  }

  it('never repeats a password in a text that is not a URL', () => {
    expect(messageOf({ ws: 'user:hunter2@host' })).not.to.include('hunter2')
    expect(messageOf({ ws: '//user:hunter2@host/?token=hunter3' })).not.to.match(/hunter/)
  })

  it('makes a Basic header of the user part, and takes it out of the URL', () => {
    const websocket = endpointOf(parseContract({ ws: 'wss://user:pa%3Ass@host:8443/chat?x=1' }))
    expect(websocket?.url.href).to.equal('wss://host:8443/chat?x=1')
    expect(websocket?.headers).to.deep.equal([['Authorization', 'Basic dXNlcjpwYTpzcw==']])
    expect(websocket?.secureUrl?.href).to.equal('wss://host:8443/chat?x=1')
  })

  it('leaves an Authorization header that is given as it is', () => {
    const sse = endpointOf(parseContract({ sse: 'http://a:b@host/', headers: { authorization: 'Bearer x' } }))
    expect(sse?.headers).to.deep.equal([['authorization', 'Bearer x']])
  })

  it('takes headers in each form', () => {
    const headers = [{ A: 'b', C: ['d', 'e'] }, ['A: b', 'C: d', 'C:e'], [['A', 'b'], 'C: d', ['C', 'e']]]
    for (const given of headers) {
      const websocket = endpointOf(parseContract({ ws: 'ws://h/', headers: given }))
      expect(websocket?.headers).to.deep.equal([
        ['A', 'b'],
        ['C', 'd'],
        ['C', 'e'],
      ])
    }
  })

  it('publishes with the headers of the stream at the same origin, and nowhere else', () => {
    const headers = { 'X-Key': 'secret' }
    const at = (url: string) =>
      endpointOf(
        parseContract({ sse: 'http://host/events', headers, publish: { url, body: '{"data":{json:data}}' } }),
      )?.publish
    expect(at('http://host/publish')?.headers).to.deep.equal([
      ['X-Key', 'secret'],
      ['Content-Type', 'application/json'],
    ])
    expect(at('http://other/publish')?.headers).to.deep.equal([['Content-Type', 'application/json']])
  })

  it('knows what a publisher can set by the placeholders', () => {
    const publish = { url: 'http://h/p/{event}?id={url:id}' }
    const plan = endpointOf(parseContract({ sse: 'http://h/', publish }))?.publish
    expect([...(plan?.fields ?? [])].toSorted((a, b) => (a < b ? -1 : 1))).to.deep.equal([
      'data',
      'event',
      'id',
    ])
    expect(plan).to.include({ method: 'POST', body: '{data}' })
  })
})

describe('the command that repeats a check', () => {
  it('says what else decides a verdict, quoted, and without credentials', () => {
    const words = (given: Parameters<typeof conditionWords>[0]): string => conditionWords(given).join(' ')
    expect(words({})).to.equal('')
    expect(words({ proxy: 'auto', proxyListen: null, timeoutScale: 1 })).to.equal('')
    expect(words({ proxy: 'toxiproxy', timeoutScale: 2.5 })).to.equal('--proxy toxiproxy --timeout-scale 2.5')
    expect(words({ proxy: 'http://h:8474', proxyListen: '0.0.0.0:9000-9099' })).to.equal(
      '--proxy http://h:8474 --proxy-listen 0.0.0.0:9000-9099',
    )
    expect(words({ proxyAdvertise: '[::1]', proxyUpstream: 'a.b' })).to.equal(
      "--proxy-advertise '[::1]' --proxy-upstream a.b",
    )
    for (const secret of ['http://u:p@h:8474', 'u:p@h:8474', 'http://h:8474/?key=1', 'h?key=1:1']) {
      expect(words({ proxy: secret })).to.equal('--proxy "$STREAMPROOF_PROXY"')
    }
  })

  it('names the target, and environment variables in place of what may be secret', () => {
    expect(commandFor({ ws: 'ws://127.0.0.1:1/a' })).to.equal('streamproof run --ws ws://127.0.0.1:1/a')
    expect(
      commandFor({
        ws: 'ws://u:p@h/',
        sse: 'https://h/e?token=x',
        headers: ['Cookie: a=b'],
        subprotocols: ['s', 'v2!$'],
        publish: { url: 'http://h' },
        deniedOrigin: "https://it's.example",
      }),
    ).to.equal(
      `streamproof run --ws "$STREAMPROOF_WS" --sse "$STREAMPROOF_SSE" --header "$STREAMPROOF_HEADER" --subprotocol s --subprotocol 'v2!$' --publish-url "$STREAMPROOF_PUBLISH_URL" --denied-origin 'https://it'\\''s.example'`,
    )
  })
})
