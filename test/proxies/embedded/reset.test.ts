import { once } from 'node:events'

import { expect } from 'chai'

import { resetSocket } from '#proxies/embedded/proxy/reset'
import { Upstream, Wire } from '../wire.ts'

describe('engine: a socket that is reset', () => {
  let upstream: Upstream
  let wire: Wire
  let far: Wire

  beforeEach(async () => {
    upstream = await Upstream.open()
    wire = await Wire.connect(upstream.port)
    far = await upstream.next()
  })
  afterEach(async () => {
    wire.socket.destroy()
    await upstream.close()
  })

  it('ends by RST', async () => {
    resetSocket(wire.socket)
    expect(await far.ended).to.equal('rst')
  })

  it('also where it is just ending by FIN: it is closed for good, and takes nothing more', async () => {
    wire.socket.end()
    const closed = once(wire.socket, 'close')
    resetSocket(wire.socket)
    await closed
    expect(wire.socket.destroyed).to.equal(true)
    await far.ended
    // A half-open one would go on taking bytes.
    const failed = once(far.socket, 'error')
    while (!far.socket.destroyed) await new Promise((resolve) => far.socket.write('x', resolve))
    expect((await failed)[0])
      .to.have.property('code')
      .that.is.oneOf(['ECONNRESET', 'EPIPE'])
  })

  it('and where bytes of it still wait for a reader', async () => {
    far.socket.pause()
    await wire.fill()
    wire.socket.end()
    const closed = once(wire.socket, 'close')
    resetSocket(wire.socket)
    await closed
  })
})
