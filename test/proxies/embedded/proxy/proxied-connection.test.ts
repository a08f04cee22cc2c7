import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

import { expect } from 'chai'

import { ProxiedConnection } from '#proxies/embedded/proxy/proxied-connection'
import type { ProxiedConnectionOptions } from '#proxies/embedded/proxy/proxied-connection'
import { noExtensions } from '#proxies/embedded/server/extensions'
import { Upstream, Wire } from '../../wire.ts'
import { startFullServer } from './full-server.ts'

const hour = 3_600_000

interface Setup {
  /** The other end of the client socket. */
  readonly wire: Wire
  /** The client socket of the connection. */
  readonly client: Socket
  readonly connection: ProxiedConnection
  /** Resolves when both sockets are closed. */
  readonly closed: Promise<unknown>
}

/** Each test waits for an event. Without that event, it reaches mocha's time limit. */
describe('ProxiedConnection', () => {
  const closers: (() => unknown)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close()
  })

  const connectionTo = async (
    port: number | null,
    options: Partial<ProxiedConnectionOptions> = {},
    prepare: (client: Socket) => void = () => undefined,
  ): Promise<Setup> => {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const accepted = once(server, 'connection')
    const wire = await Wire.connect((server.address() as AddressInfo).port)
    const [client] = (await accepted) as [Socket]
    server.close()
    prepare(client)
    let onClosed: (closed: ProxiedConnection) => void = () => undefined
    const closed = new Promise<ProxiedConnection>((resolve) => {
      onClosed = resolve
    })
    const connection = new ProxiedConnection({
      client,
      number: 1,
      upstream: 'x:1',
      address: port === null ? null : { host: '127.0.0.1', port },
      seeds: [1],
      dialTimeoutMs: hour,
      extensions: noExtensions,
      toxics: () => [],
      closed: onClosed,
      ...options,
    })
    closers.push(
      () => connection.destroy('the test'),
      () => wire.socket.destroy(),
    )
    return { wire, client, connection, closed }
  }
  const upstreamOf = async (): Promise<Upstream> => {
    const upstream = await Upstream.open()
    closers.push(() => upstream.close())
    return upstream
  }
  const fullPort = async (): Promise<number> => {
    const full = await startFullServer()
    closers.push(() => full.stop())
    return full.port
  }

  for (const [upstream, port] of [
    ['an upstream that refuses', 1],
    ['no upstream', null],
  ] as const) {
    it(`closes a client that had ${upstream} and never closes its own side`, async () => {
      const { wire, connection, closed } = await connectionTo(port)
      expect(await wire.ended).to.equal('fin')
      await closed
      expect(connection.record).to.deep.include({ state: 'closed', ending: 'refused' })
    })
  }

  for (const [how, end, clientEnding] of [
    ['reset', (connection: ProxiedConnection) => connection.reset('reset by the API'), 'rst'],
    ['closed', (connection: ProxiedConnection) => connection.destroy('stopped'), 'fin'],
  ] as const) {
    it(`ends at once if it is ${how} while the upstream does not answer`, async function () {
      if (process.platform !== 'linux') this.skip()
      const { wire, connection, closed } = await connectionTo(await fullPort())
      expect(connection.record.state).to.equal('dialling')
      end(connection)
      expect(await wire.ended).to.equal(clientEnding)
      await closed
      expect(connection.record.ending).to.equal(how === 'reset' ? 'reset by the API' : 'stopped')
    })
  }

  it('notices a client that resets while the upstream does not answer', async function () {
    if (process.platform !== 'linux') this.skip()
    const { wire, connection, closed } = await connectionTo(await fullPort())
    expect(connection.record.state).to.equal('dialling')
    wire.rst()
    await closed
    expect(connection.record.ending).to.equal('rst by client')
    expect(connection.record.durationMs).to.be.below(5000)
  })

  it('connects nothing to a client that is closing when the upstream answers', async () => {
    const upstream = await upstreamOf()
    let finishClosing: () => void = () => undefined
    const { client, connection, closed } = await connectionTo(upstream.port, {}, (socket) => {
      // Closing the client takes longer than the dial.
      socket._destroy = (error, done) => {
        finishClosing = () => done(error)
      }
    })
    client.destroy()
    const server = await upstream.next()
    await server.ended
    expect(connection.chains).to.deep.equal([])
    server.socket.destroy()
    finishClosing()
    await closed
  })

  for (const side of ['client', 'upstream'] as const) {
    it(`closes both directions if the ${side} half-closed and was then reset`, async () => {
      const upstream = await upstreamOf()
      const extensions = { ...noExtensions, halfClose: true }
      const { wire, connection, closed } = await connectionTo(upstream.port, { extensions })
      const server = await upstream.next()
      const [sender, receiver] = side === 'client' ? [wire, server] : [server, wire]
      sender.fin()
      expect(await receiver.ended).to.equal('fin')
      expect(connection.record.state).to.equal('open')
      sender.rst()
      // A reset of a side that has sent FIN is only noticed when something is written to it.
      const ticking = setInterval(() => receiver.send('x'), 20)
      closers.push(() => clearInterval(ticking))
      await closed
      expect(connection.record.ending).to.equal(`rst by ${side}`)
    })

    it(`logs a ${side} that the system dropped as lost, not as FIN`, async () => {
      const upstream = await upstreamOf()
      const { wire, client, connection, closed } = await connectionTo(upstream.port)
      const server = await upstream.next()
      server.send('x')
      await wire.got(1)
      const [toUpstream] = connection.chains
      const lost = side === 'client' ? client : toUpstream?.destination
      lost?.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }))
      await closed
      expect(connection.record.ending).to.equal(`lost by ${side}`)
    })
  }
})
