import { once } from 'node:events'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { systemClock } from '#run/schedule/clock'
import { TargetWatch } from '#run/schedule/target-watch'
import { UrlDriver } from '#target/drivers/url-driver'

/** The same as in `target-watch.test.ts`, with real sockets and real time: that the driver of a URL fits. */
describe('the watch over a server at a URL', () => {
  it('finds that it is down, and that it is back', async () => {
    const listen = async (port: number): Promise<net.Server> => {
      const server = net.createServer((socket) => void socket.on('error', () => undefined).resume())
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
      return server
    }
    const first = await listen(0)
    const { port } = first.address() as AddressInfo
    const driver = new UrlDriver({ index: 0, protocol: 'websocket' }, new URL(`ws://127.0.0.1:${port}/`))
    const watch = new TargetWatch(
      [driver],
      systemClock,
      () => [],
      () => undefined,
    )
    watch.probe()
    await watch.settled()
    expect([watch.crash, await watch.survives(0)]).to.deep.equal([null, true])

    first.close()
    await once(first, 'close')
    watch.probe()
    await watch.settled()
    expect(watch.crash).to.deep.equal({ target: 0, kind: 'down', cause: null })

    const second = await listen(port)
    watch.forgetCrash()
    expect(await watch.recovers(10_000, () => false)).to.equal(true)
    second.close()
    await watch.close()
  })
})
