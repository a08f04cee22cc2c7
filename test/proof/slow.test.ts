import net from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { referenceContract } from '#cli/config/reference-contract'
import { startReference } from '#reference/start'
import { run } from '#run/run'
import { resolveTargets } from '#target/contract/contract'
import { openEngine } from '#proxies/driver/open-engine'
import { loadCatalogue } from '#suites/index'
import { timeScale, told } from './proof.ts'

/** What comes from the server comes late, in ms: the first of a connection, and all that follows. */
const firstMs = 120
const laterMs = 80

/** Those that take most steps one after another, and those that are waited for the least. */
const only = [
  'ws/connection/one-for-many',
  'ws/faults/other-clients-unaffected-by-*',
  'ws/compatibility/undici*',
  'sse/resume/again-and-again',
  'sse/reconnection/eventsource-*',
  'sse/faults/other-clients-unaffected-by-*',
]

describe('a target that is slow, and breaks nothing', function () {
  this.timeout(120_000)

  it('passes, and nothing is called out of time', async () => {
    await using engine = await openEngine({ choice: 'embedded', runId: 'slow' })
    await using reference = await startReference()
    const { ws, sse, publish } = referenceContract(reference)
    await using late = await lateBefore(Number(new URL(reference.http).port))
    const moved = (url: string | undefined): string => {
      const there = new URL(url ?? '')
      there.host = `127.0.0.1:${late.port}`
      return there.href
    }
    if (publish === undefined) throw new TypeError('the reference takes events')
    const { results } = await run(await loadCatalogue(), {
      targets: resolveTargets({
        ws: moved(ws),
        sse: moved(sse),
        publish: { ...publish, url: moved(publish.url) },
      }),
      engine,
      redactor: { text: (value) => value, bytes: (value) => value },
      seed: 1,
      command: 'streamproof run',
      version: '0.0.0',
      timeScale,
      selection: { only },
    })
    expect(results.filter(({ verdict }) => verdict !== 'pass').map(told)).to.deep.equal([])
    expect(results).to.have.length.at.least(13)
  })
})

/** A server in front of that port, which passes everything on, but what comes back late and in order. */
async function lateBefore(port: number): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<net.Socket>()
  const server = net.createServer({ allowHalfOpen: true }, (client) => {
    const up = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    for (const socket of [client, up]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
    client.pipe(up)
    client.on('close', () => up.destroy())
    let due = 0
    const later = (act: () => void): void => {
      const now = performance.now()
      due = Math.max(due, now + (due === 0 ? firstMs : laterMs))
      setTimeout(act, due - now)
    }
    up.on('data', (bytes) => later(() => client.write(bytes)))
    up.on('end', () => later(() => client.end()))
    up.on('close', () => later(() => client.destroy()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
