import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

import { expect } from 'chai'

import { ProxiedConnection } from '#proxies/embedded/proxy/proxied-connection'
import type { ProxiedConnectionOptions } from '#proxies/embedded/proxy/proxied-connection'
import { noExtensions } from '#proxies/embedded/server/extensions'
import { Upstream, Wire } from '../wire.ts'
import { startFullServer } from './full-server.ts'

const hour = 3_600_000

interface Made {
  /** The far end of the client. */
  readonly wire: Wire
  /** The client, as the connection has it. */
  readonly client: Socket
  readonly connection: ProxiedConnection
  /** Until nothing is left of it. */
  readonly closed: Promise<unknown>
}

/** Each of these ends by an event; where it does not come, the test runs out of its time. */
describe('Connection', () => {
  const closers: (() => unknown)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close()
  })

  const make = async (
    port: number | null,
    more: Partial<ProxiedConnectionOptions> = {},
    prepare: (client: Socket) => void = () => undefined,
  ): Promise<Made> => {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const accepted = once(server, 'connection')
    const wire = await Wire.connect((server.address() as AddressInfo).port)
    const [client] = (await accepted) as [Socket]
    server.close()
    prepare(client)
    let over: (closed: ProxiedConnection) => void = () => undefined
    const closed = new Promise<ProxiedConnection>((resolve) => {
      over = resolve
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
      closed: over,
      ...more,
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

  for (const [what, port] of [
    ['an upstream that refuses', 1],
    ['no upstream', null],
  ] as const) {
    it(`is rid of a client that had ${what} and never closes its own side`, async () => {
      const { wire, connection, closed } = await make(port)
      expect(await wire.ended).to.equal('fin')
      await closed
      expect(connection.record).to.deep.include({ state: 'closed', ending: 'refused' })
    })
  }

  for (const [how, end, heard] of [
    ['reset', (one: ProxiedConnection) => one.reset('reset by the API'), 'rst'],
    ['closed', (one: ProxiedConnection) => one.destroy('stopped'), 'fin'],
  ] as const) {
    it(`is over at once where it is ${how} while the upstream does not answer`, async function () {
      if (process.platform !== 'linux') this.skip()
      const { wire, connection, closed } = await make(await fullPort())
      expect(connection.record.state).to.equal('dialling')
      end(connection)
      expect(await wire.ended).to.equal(heard)
      await closed
      expect(connection.record.ending).to.equal(how === 'reset' ? 'reset by the API' : 'stopped')
    })
  }

  it('notices a client that resets while the upstream does not answer', async function () {
    if (process.platform !== 'linux') this.skip()
    const { wire, connection, closed } = await make(await fullPort())
    expect(connection.record.state).to.equal('dialling')
    wire.rst()
    await closed
    expect(connection.record.ending).to.equal('rst by client')
    expect(connection.record.durationMs).to.be.below(5000)
  })

  it('joins nothing to a client that is going away when the upstream answers', async () => {
    const upstream = await upstreamOf()
    let gone: () => void = () => undefined
    const { client, connection, closed } = await make(upstream.port, {}, (socket) => {
      // Its closing takes longer than the dial.
      socket._destroy = (error, done) => {
        gone = () => done(error)
      }
    })
    client.destroy()
    const server = await upstream.next()
    await server.ended
    expect(connection.chains).to.deep.equal([])
    server.socket.destroy()
    gone()
    await closed
  })

  for (const side of ['client', 'upstream'] as const) {
    it(`closes the other half of the ${side} that half-closed, and then is gone altogether`, async () => {
      const upstream = await upstreamOf()
      const extensions = { ...noExtensions, halfClose: true }
      const { wire, connection, closed } = await make(upstream.port, { extensions })
      const server = await upstream.next()
      const [one, other] = side === 'client' ? [wire, server] : [server, wire]
      one.fin()
      expect(await other.ended).to.equal('fin')
      expect(connection.record.state).to.equal('open')
      one.rst()
      // One that has sent FIN is only found gone when something is written to it.
      const ticking = setInterval(() => other.send('x'), 20)
      closers.push(() => clearInterval(ticking))
      await closed
      expect(connection.record.ending).to.equal(`rst by ${side}`)
    })

    it(`does not call it FIN where the system gives the ${side} up`, async () => {
      const upstream = await upstreamOf()
      const { wire, client, connection, closed } = await make(upstream.port)
      const server = await upstream.next()
      server.send('x')
      await wire.got(1)
      const [up] = connection.chains
      const lost = side === 'client' ? client : up?.destination
      lost?.destroy(Object.assign(new Error('it answers nothing'), { code: 'ETIMEDOUT' }))
      await closed
      expect(connection.record.ending).to.equal(`lost by ${side}`)
    })
  }
})
