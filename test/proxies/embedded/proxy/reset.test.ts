import { once } from 'node:events'

import { expect } from 'chai'

import { resetSocket } from '#proxies/embedded/proxy/reset'
import { Upstream, Wire } from '../../wire.ts'

describe('resetSocket', () => {
  let upstream: Upstream
  let wire: Wire
  let peer: Wire

  beforeEach(async () => {
    upstream = await Upstream.open()
    wire = await Wire.connect(upstream.port)
    peer = await upstream.next()
  })
  afterEach(async () => {
    wire.socket.destroy()
    await upstream.close()
  })

  it('sends RST', async () => {
    resetSocket(wire.socket)
    expect(await peer.ended).to.equal('rst')
  })

  it('closes a socket for good while its FIN is being sent', async () => {
    wire.socket.end()
    const closed = once(wire.socket, 'close')
    resetSocket(wire.socket)
    await closed
    expect(wire.socket.destroyed).to.equal(true)
    await peer.ended
    // A half-open socket would continue to accept bytes.
    const failed = once(peer.socket, 'error')
    while (!peer.socket.destroyed) await new Promise((resolve) => peer.socket.write('x', resolve))
    expect((await failed)[0])
      .to.have.property('code')
      .that.is.oneOf(['ECONNRESET', 'EPIPE'])
  })

  it('closes a socket whose bytes still wait for a reader', async () => {
    peer.socket.pause()
    await wire.fill()
    wire.socket.end()
    const closed = once(wire.socket, 'close')
    resetSocket(wire.socket)
    await closed
  })
})
