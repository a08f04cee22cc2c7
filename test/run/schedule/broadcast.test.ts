import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { WebSocketServer } from 'ws'
import { runCatalogue } from '../../run-catalogue.ts'
import { parseContract, resolveTargets } from '#protocols/index'
import { openEngine } from '#proxies/driver/open-engine'
import type { Engine } from '#proxies/types'
import { loadCatalogue } from '#suites/index'

/** A chat: every message goes to all connections. Messages of some lengths do not come back to their sender. */
describe('a target that passes messages on to every connection', () => {
  let engine: Engine
  let http: Server
  let chat: WebSocketServer

  before(async () => {
    engine = await openEngine({ choice: 'embedded', runId: 'broadcast' })
    http = createServer()
    chat = new WebSocketServer({ server: http })
    chat.on('connection', (ws) => {
      ws.on('error', () => undefined)
      ws.on('message', (data: Buffer, binary) => {
        for (const other of chat.clients) {
          if (other === ws && data.length >= 100 && data.length <= 500) continue
          other.send(data, { binary })
        }
      })
    })
    await new Promise<void>((resolve) => void http.listen(0, '127.0.0.1', () => resolve()))
  })

  after(async () => {
    for (const ws of chat.clients) ws.terminate()
    http.closeAllConnections()
    http.close()
    await engine.close()
  })

  it('runs checks that wait for an echo one at a time, so that none takes the message of another for its own', async function () {
    this.timeout(60_000)
    const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/`
    const findings: string[] = []
    const report = await runCatalogue(
      await loadCatalogue(),
      {
        targets: resolveTargets(parseContract({ ws: url })),
        engine,
        redactor: { text: (value) => value, bytes: (value) => value },
        seed: 1,
        command: 'streamproof run',
        version: '0.0.0',
        timeScale: 0.25,
        repeatFailures: false,
        selection: {
          only: [
            'ws/fragmentation/text-in-*',
            'ws/utf8/binary-all-octets',
            'ws/framing/*-of-*',
            'ws/utf8/text-as-text',
          ],
        },
      },
      { finding: (text) => findings.push(text) },
    )
    const failed = report.results.filter(({ verdict }) => verdict !== 'pass').map(({ id }) => id)
    expect(failed.toSorted()).to.deep.equal([
      'ws/fragmentation/text-in-2',
      'ws/fragmentation/text-in-64',
      'ws/framing/binary-of-125',
      'ws/framing/binary-of-126',
      'ws/framing/text-of-125',
      'ws/framing/text-of-126',
      'ws/utf8/binary-all-octets',
    ])
    expect(findings).to.deep.equal([
      'target passes messages on to other connections: checks that wait for an echo run one at a time',
    ])
  })
})
