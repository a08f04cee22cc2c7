import net from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { referenceContract } from '#reference/contract'
import { startReference } from '#reference/start'
import { runCatalogue } from '../run-catalogue.ts'
import { resolveTargets } from '#protocols/index'
import { openEngine } from '#proxies/driver/open-engine'
import { loadCatalogue } from '#suites/index'
import { resultLine, timeScale } from './proof.ts'

/** Delay of the first bytes from the server on a connection, and of all that follow, in ms. */
const firstDelayMs = 120
const laterDelayMs = 80

/** The checks with the most steps in sequence, and those with the shortest limits. */
const only = [
  'ws/connection/one-for-many',
  'ws/faults/other-clients-unaffected-by-*',
  'ws/compatibility/undici*',
  'sse/resume/again-and-again',
  'sse/reconnection/eventsource-*',
  'sse/faults/other-clients-unaffected-by-*',
]

describe('a slow target that breaks no requirement', function () {
  this.timeout(600_000)

  it('passes, and no check runs out of time', async () => {
    await using engine = await openEngine({ choice: 'embedded', runId: 'slow' })
    await using reference = await startReference()
    const { ws, sse, publish } = referenceContract(reference)
    await using delayed = await delayBefore(Number(new URL(reference.http).port))
    const throughDelay = (url: unknown): string => {
      const address = new URL(String(url))
      address.host = `127.0.0.1:${delayed.port}`
      return address.href
    }
    if (publish === undefined) throw new TypeError('the reference has a publish endpoint')
    const { results } = await runCatalogue(await loadCatalogue(), {
      targets: resolveTargets({
        ws: throughDelay(ws),
        sse: throughDelay(sse),
        publish: { ...publish, url: throughDelay(publish.url) },
      }),
      engine,
      redactor: { text: (value) => value, bytes: (value) => value },
      seed: 1,
      command: 'streamproof run',
      version: '0.0.0',
      timeScale,
      selection: { only },
    })
    expect(results.filter(({ verdict }) => verdict !== 'pass').map(resultLine)).to.deep.equal([])
    expect(results).to.have.length.at.least(13)
  })
})

/** A proxy to that port, which delays what the server sends, in order. */
async function delayBefore(port: number): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<net.Socket>()
  const server = net.createServer({ allowHalfOpen: true }, (client) => {
    const upstream = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
    client.pipe(upstream)
    client.on('close', () => upstream.destroy())
    let due = 0
    const delay = (act: () => void): void => {
      const now = performance.now()
      due = Math.max(due, now + (due === 0 ? firstDelayMs : laterDelayMs))
      setTimeout(act, due - now)
    }
    upstream.on('data', (bytes) => delay(() => client.write(bytes)))
    upstream.on('end', () => delay(() => client.end()))
    upstream.on('close', () => delay(() => client.destroy()))
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
