import { expect } from 'chai'
import { referenceContract } from '#reference/contract'
import { openEngine } from '#proxies/driver/open-engine'
import { startReference } from '#reference/start'
import type { ReferenceOptions } from '#reference/start'
import { runCatalogue } from '../run-catalogue.ts'
import { loadCatalogue } from '#suites/index'
import { resolveTargets } from '#protocols/index'

/** Figures feed the documented expectations: a figure must be counted, whatever the target does. */
describe('measurements of the websocket suites', () => {
  async function measured(id: string, options: ReferenceOptions): Promise<Readonly<Record<string, unknown>>> {
    await using engine = await openEngine({ choice: 'embedded', runId: 'measurements' })
    await using reference = await startReference(options)
    const { ws } = referenceContract(reference)
    const { results } = await runCatalogue(await loadCatalogue(), {
      targets: resolveTargets({ ws }),
      engine,
      redactor: { text: (value) => value, bytes: (value) => value },
      seed: 1,
      command: 'streamproof run',
      version: '0.0.0',
      timeScale: 1,
      selection: { only: [id] },
    })
    const [result] = results.filter((one) => one.id === id)
    return { verdict: result?.verdict, ...result?.measured }
  }

  it('counts the Pongs received while a message is being sent', async () => {
    const id = 'ws/connection/full-duplex'
    expect(await measured(id, {})).to.deep.equal({ verdict: 'pass', answersWhileSending: 5 })
    // Seven frames: the Ping that proves the connection, the first fragment, then three Pings and two fragments.
    expect(await measured(id, { rules: { frameQuota: 7 } })).to.deep.equal({
      verdict: 'warn',
      answersWhileSending: 3,
    })
  }).timeout(20_000)

  it('counts the exchanges completed on one connection', async () => {
    const id = 'ws/connection/one-for-many'
    const whole = await measured(id, {})
    expect(whole).to.include({ verdict: 'pass', exchanges: 50 })
    // A Ping with a nonce of 16 bytes: a header of 2 bytes, a masking key of 4, the payload.
    expect(whole['clientToServerBytesPerExchange']).to.equal(22)
    // Of the 30 frames, the first is the Ping that proves the connection.
    expect(await measured(id, { mutant: 'hang-up-after-30-frames' })).to.deep.equal({
      verdict: 'warn',
      exchanges: 29,
    })
  }).timeout(20_000)

  it('measures the header of the echoed frame', async () => {
    const id = 'ws/performance/overhead'
    expect(await measured(id, {})).to.include({ headerBytes: 4 })
    expect(await measured(id, { mutant: 'data-length-64-bits' })).to.include({ headerBytes: 10 })
  }).timeout(20_000)
})
