import { once } from 'node:events'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { UrlDriver } from '#target/drivers/url-driver'

/** A TCP server, and the driver of its URL. */
async function served(): Promise<{
  server: net.Server
  driver: UrlDriver
  /** Resolves when the server has accepted this many connections, and each has ended. */
  ended: (count: number) => Promise<void>
}> {
  const closed: net.Socket[] = []
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined)
    socket.resume().on('close', () => {
      closed.push(socket)
      server.emit('ended')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const driver = new UrlDriver({ index: 0, protocol: 'websocket' }, new URL(`ws://127.0.0.1:${port}/path`))
  const ended = async (count: number): Promise<void> => {
    while (closed.length < count) await once(server, 'ended')
    expect(closed).to.have.length(count)
  }
  return { server, driver, ended }
}

describe('the driver of a URL', () => {
  it('says that a target is alive while its address accepts TCP connections', async () => {
    const { server, driver, ended } = await served()
    expect(await driver.isAlive(1000)).to.equal(true)
    await ended(1)
    server.close()
    await once(server, 'close')
    expect(await driver.isAlive(1000)).to.equal(false)
    expect(await driver.acceptsConnections(1)).to.equal(false)
  })

  it('opens as many connections as it is asked for, and closes them', async () => {
    const { server, driver, ended } = await served()
    expect(await driver.acceptsConnections(20)).to.equal(true)
    await ended(20)
    server.close()
    await once(server, 'close')
  })

  it('says that a target is alive that resets every connection', async () => {
    const server = net.createServer((socket) => socket.resetAndDestroy())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const driver = new UrlDriver({ index: 0, protocol: 'sse' }, new URL(`http://127.0.0.1:${port}/`))
    const answers = [await driver.isAlive(1000), await driver.acceptsConnections(20)]
    server.close()
    await once(server, 'close')
    expect(answers).to.deep.equal([true, true])
  })

  it('knows of no crash, and restarts nothing', async () => {
    const { server, driver } = await served()
    server.close()
    await once(server, 'close')
    await driver.restart()
    expect(await driver.isAlive(1000)).to.equal(false)
    expect([driver.crashed(), driver.maxConcurrent]).to.deep.equal([null, null])
  })
})
