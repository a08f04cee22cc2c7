import type { IncomingMessage } from 'node:http'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { CommandResult } from './support/in-process.ts'
import { streamproof } from './support/in-process.ts'
import { freePort } from './support/bad-servers.ts'
import { reflectingServer } from './support/reflecting-server.ts'
import { temporaryFolder } from './support/temporary.ts'

/** Distinct, and each in the place where people put credentials. */
const secrets = {
  user: 'Alice-qxjv7wkz',
  password: 'pa55word/zqkx+vw8?',
  query: 'tok_Qj83kVmzPw0x',
  header: 'sk-live-Zv7Qx2Lm9Wk4',
  cookie: 's3ss10n%Yq6Jw1Bz',
  publish: 'pub-Jx4wZq8Lm2Vk',
  publishHeader: 'whsec_Wm3kQz9xVj7L',
} as const

/** The forms that a leak may have, written without the help of what hides them. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const base64 = ['', '.', '..'].map((before) => {
    const text = Buffer.from(before + secret).toString('base64')
    // Characters that also depend on a neighbour are left out at both ends.
    return text.slice(
      before === '' ? 0 : before.length + 1,
      Math.floor(((before.length + bytes.length) * 8) / 6),
    )
  })
  return [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    (bytes.toString('hex').match(/../g) ?? []).join(' '),
    ...base64,
    ...base64.map((one) => one.replaceAll('+', '-').replaceAll('/', '_')),
  ]
}

function expectNoSecret(result: CommandResult, folder: string): void {
  const reports = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => [name, readFileSync(join(folder, name), 'utf8')] as const)
  for (const [place, text] of [['stdout', result.out], ['stderr', result.err], ...reports] as const) {
    for (const [name, secret] of Object.entries(secrets)) {
      for (const form of formsOf(secret)) {
        const at = text.indexOf(form)
        if (at >= 0)
          expect.fail(`${place} holds the ${name} as ${form}: ${text.slice(Math.max(0, at - 80), at + 80)}`)
      }
    }
  }
}

/** Everything that a request holds, raw, in hexadecimal and in base64. */
function everything(request: IncomingMessage, body: string): string[] {
  const raw = [
    request.url ?? '',
    decodeURIComponent(request.url ?? ''),
    ...Object.values(request.headers).flat().map(String),
    body,
  ]
  const all = raw.filter((text) => text !== '').join(' | ')
  return [
    all,
    Buffer.from(all).toString('hex'),
    Buffer.from(all).toString('base64'),
    Buffer.from(`x${all}`).toString('base64url'),
  ]
}

function configFor(port: number): string {
  const { user, password, query, header, cookie, publish, publishHeader } = secrets
  const authority = `${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${port}`
  return JSON.stringify({
    ws: `ws://${authority}/chat?access_token=${query}`,
    sse: `http://${authority}/events?access_token=${query}`,
    headers: { 'X-Api-Key': header, Cookie: `sid=${encodeURIComponent(cookie)}; raw=${cookie}` },
    publish: {
      url: `http://127.0.0.1:${port}/publish`,
      headers: { 'X-Hook': publishHeader },
      body: `{"key": "${publish}", "data": {json:data}}`,
    },
  })
}

const selected =
  'ws/handshake/*,ws/subprotocols/*,ws/control/*,sse/resume/*,sse/faults/*,sse/http/*,sse/stream/*,both/**'

describe('cli: secrets', () => {
  it('do not appear in the output of a run against a server that repeats everything that it receives', async () => {
    await using server = await reflectingServer(everything)
    using folder = temporaryFolder({ 'streamproof.config.json': configFor(server.port) })
    const result = await streamproof(
      ['run', '--timeout-scale', '0.3', '--jobs', '32', '--max-time', '10s', '--only', selected],
      folder.path,
    )
    expect(result.status, result.err).to.be.oneOf([0, 1])
    const reports = join(folder.path, 'streamproof-report')
    expect(readdirSync(reports)).to.have.length(4)
    expectNoSecret(result, reports)
    // There was something to hide.
    expect(readFileSync(join(reports, 'report.json'), 'utf8')).to.match(/\*\*\*|\[redacted\]|2a2a2a2a/)
  }).timeout(60_000)

  it('do not appear in the output of config and doctor, nor in the message about a target that cannot be reached', async () => {
    const port = await freePort()
    using folder = temporaryFolder({ 'streamproof.config.json': configFor(port) })
    using empty = temporaryFolder()
    for (const words of [['run'], ['config', '--print'], ['doctor'], ['run', '--wait', '1ms']]) {
      expectNoSecret(await streamproof(words, folder.path), empty.path)
    }
  }).timeout(20_000)

  it('do not appear in messages about wrong flags and variables', async () => {
    using empty = temporaryFolder()
    const { user, password, query, header } = secrets
    const lines: readonly (readonly string[])[] = [
      ['run', `ws://${user}:${password}@host:99999/?t=${query}`],
      ['run', `${user}:${password}@host/?t=${query}`],
      ['run', `ftp://${user}:${query}@host/`],
      ['run', 'ws://host/', '--header', header],
      ['run', 'ws://host/', '--publish-url', `${user}:${query}@host`],
      ['run', 'ws://host/', '--proxy', `ftp://${user}:${query}@host`],
    ]
    for (const words of [
      ['config', '--print'],
      ['doctor', 'ws://127.0.0.1:9/'],
      ['run', 'ws://127.0.0.1:9/'],
    ]) {
      for (const engine of [
        `${user}:${query}@127.0.0.1:9`,
        `http://${user}:${query}@127.0.0.1:9/?t=${header}`,
      ])
        expectNoSecret(await streamproof([...words, '--proxy', engine], empty.path), empty.path)
    }
    for (const words of lines) {
      const result = await streamproof(words, empty.path)
      expect(result.status, result.err).to.be.oneOf([2, 3])
      expectNoSecret(result, empty.path)
    }
    expectNoSecret(
      await streamproof(['run'], empty.path, { STREAMPROOF_WS: `wss://${user}:${query}@[::1/` }),
      empty.path,
    )
  })
})
