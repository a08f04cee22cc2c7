import { expect } from 'chai'
import { run } from '../../index.ts'
import type { Contract } from '../../index.ts'
import { startReference } from '#reference/start'
import { echoSubprotocol } from '#reference/websocket/rules'
import { plainTextOf, relayTo } from '../peers/relay.ts'
import type { Relay } from '../peers/relay.ts'

/** One of each place where people put credentials, all distinct. */
const secrets = {
  user: 'alice-Qj83kVmz',
  password: 'pass-Zv7Qx2Lm',
  query: 'query-Jx4wZq8L',
  header: 'header-Xk9vQ2zJ',
  cookie: 'cookie-Wm3kQz9x',
  subprotocol: 'subprotocol-Yq6Jw1Bz',
  opening: 'opening-Tr5Lp0Nd',
  streamHeader: 'stream-Hd8Kf2Wq',
} as const

/** What a credential looks like on the wire, by name. */
const forms: Readonly<Record<string, string>> = {
  ...secrets,
  'user and password': Buffer.from(`${secrets.user}:${secrets.password}`).toString('base64'),
}

/** `query in GET /events?access_token=… HTTP/1.1`. */
function credentialsIn(plain: readonly string[]): string[] {
  return plain.flatMap((text) =>
    Object.entries(forms)
      .filter(([, form]) => text.includes(form))
      .map(([name]) => `${name} in ${text.slice(0, text.indexOf('\r\n'))}`),
  )
}

interface Addresses {
  readonly secure: Relay
  readonly plain: Relay
}

function contractFor({ secure, plain }: Addresses, ca: string): Contract {
  const authority = `${secrets.user}:${secrets.password}@localhost`
  const query = `?access_token=${secrets.query}`
  return {
    ws: `wss://${authority}:${secure.port}/${query}`,
    sse: {
      url: `https://${authority}:${secure.port}/events${query}`,
      headers: { 'X-Stream-Key': secrets.streamHeader },
    },
    plainUrl: {
      ws: `ws://${authority}:${plain.port}/${query}`,
      sse: `http://${authority}:${plain.port}/events${query}`,
    },
    ca,
    headers: { 'X-Api-Key': secrets.header, Cookie: `sid=${secrets.cookie}` },
    subprotocols: [echoSubprotocol, secrets.subprotocol],
    opening: [{ send: secrets.opening }, { expect: secrets.opening }],
    publish: { url: `https://localhost:${secure.port}/publish?event={event}&id={id}`, body: '{data}' },
  }
}

describe('credentials of a secure service', () => {
  it('are on no plain-text connection, whichever check runs', async () => {
    await using reference = await startReference()
    await using secure = await relayTo(reference.wss)
    await using plain = await relayTo(reference.plainWs)
    const report = await run(contractFor({ secure, plain }, reference.ca), { proxy: 'embedded' })
    const applied = report.results.filter(({ verdict }) => verdict !== 'not-applicable')
    expect(applied.length).to.be.at.least(350)
    const texts = plainTextOf([secure, plain])
    // Both protocols ask in plain text: at the plain-text address, and on the TLS port.
    expect(texts.length).to.be.at.least(4)
    expect(credentialsIn(texts)).to.deep.equal([])
  }).timeout(120_000)
})
