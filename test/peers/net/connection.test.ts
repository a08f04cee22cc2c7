import net from 'node:net'
import type { AddressInfo } from 'node:net'
import tls from 'node:tls'
import { expect } from 'chai'
import { generate } from 'selfsigned'
import { Inconclusive } from '#model/errors'
import type { SessionContext } from '#peers/session/context'
import type { Route } from '#peers/kit'
import { Severed } from '#peers/faults/severed'
import { openConnection } from '#peers/net/open-connection'
import type { Connection, ConnectionOptions } from '#peers/net/connection'
import { Stage } from '../stage.ts'
import type { Act } from '../stage.ts'

const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value))

describe('a connection', () => {
  let stage: Stage
  let received: string
  beforeEach(() => {
    stage = new Stage()
    received = ''
  })
  afterEach(async () => {
    await stage.close()
    expect(stage.standing.size, 'connections that nobody ended').to.equal(0)
  })

  const open = async (
    context: SessionContext,
    url: URL,
    options: Partial<ConnectionOptions> = {},
  ): Promise<Connection> => {
    const connection = await openConnection(context, {
      url,
      tls: { ca: null, insecure: false },
      ...options,
    })
    connection.read({ data: (bytes) => (received += Buffer.from(bytes).toString('latin1')) })
    return connection
  }
  const ended = (connection: Connection): Promise<true | undefined> =>
    connection.watch.until(() => (connection.remoteEnding === null ? undefined : true), 5000)
  const failure = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => null,
      (error: unknown) => error,
    )

  it('carries bytes in both directions and counts them', async () => {
    const url = await stage.serve((socket) =>
      socket.on('data', (bytes) => socket.end(bytes.toString().toUpperCase())),
    )
    const connection = await open(stage.context(url), url)
    connection.write(text('hello'))
    await ended(connection)
    expect(received).to.equal('HELLO')
    expect(connection.ending).to.deep.equal({ by: 'target', how: 'fin', code: null })
    expect(connection.trace).to.deep.include({ clientToServerBytes: 5, serverToClientBytes: 5 })
    expect(connection.trace.ending).to.deep.include({ how: 'fin', by: 'peer' })
    expect(connection.trace.departures.map(({ bytes }) => bytes)).to.deep.equal([5])
  })

  it('distinguishes a reset from a FIN while nothing waits for bytes', async () => {
    const url = await stage.serve((socket) => socket.once('data', () => socket.resetAndDestroy()))
    const connection = await open(stage.context(url), url)
    connection.write(text('x'))
    await ended(connection)
    expect(connection.ending).to.deep.equal({ by: 'target', how: 'rst', code: null })
  })

  it('records that the harness ended it first', async () => {
    const url = await stage.serve((socket) => socket.resume())
    const connection = await open(stage.context(url), url)
    connection.finish()
    await ended(connection)
    expect(connection.ending).to.deep.equal({ by: 'harness', how: 'fin', code: null })
    expect(connection.remoteEnding).to.deep.equal({ by: 'target', how: 'fin', code: null })
  })

  it('closes a connection that is reset after the FIN of the target', async () => {
    const url = await stage.serve((peer) => void peer.end('over'))
    const connection = await open(stage.context(url), url)
    await ended(connection)
    connection.reset()
    await connection.close()
    expect(connection.ending).to.deep.equal({ by: 'target', how: 'fin', code: null })
  })

  it('sends a RST', async () => {
    const codes: Promise<string | undefined>[] = []
    const url = await stage.serve((socket) => {
      socket.resume()
      codes.push(
        new Promise((resolve) => socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))),
      )
      socket.write('x')
    })
    const connection = await open(stage.context(url), url)
    await connection.watch.until(() => (received === 'x' ? true : undefined), 5000)
    connection.reset()
    expect(await codes[0]).to.equal('ECONNRESET')
    expect(connection.ending).to.deep.equal({ by: 'harness', how: 'rst', code: null })
  })

  it('sends in the given segments, the last size repeating', async () => {
    let whole = ''
    const url = await stage.serve((socket) =>
      socket.on('data', (bytes) => (whole += bytes.toString()) && socket.write('.')),
    )
    const connection = await open(stage.context(url), url)
    connection.write(text('abcdefg'), [3, 1])
    connection.write(text('hi'))
    await connection.watch.until(() => (whole === 'abcdefghi' ? true : undefined), 5000)
    expect(connection.trace.departures.map(({ bytes }) => bytes)).to.deep.equal([3, 1, 1, 1, 1, 2])
  })

  it('ends after the segments that are still to be sent', async () => {
    let whole = ''
    const url = await stage.serve((socket) => socket.on('data', (bytes) => (whole += bytes.toString())))
    const connection = await open(stage.context(url), url)
    connection.write(text('abcdefg'), [1])
    connection.finish()
    await ended(connection)
    expect(whole).to.equal('abcdefg')
  })

  it('is inconclusive if the target refuses, and reports it to the scheduler', async () => {
    const url = await closedPort()
    const error = await failure(open(stage.context(url), url))
    expect(error).to.be.instanceOf(Inconclusive).with.property('reason', 'target-refused')
    expect((error as Error).message).to.equal('target-refused: the target refused a TCP connection')
    expect(stage.refused).to.deep.equal(['econnrefused'])
  })

  it('attributes a refusal by the proxy to the engine, or to a fault that ends connections', async () => {
    const url = await closedPort()
    const via = (severs: boolean): Route => ({
      kind: 'proxy',
      host: '127.0.0.1',
      port: Number(url.port),
      severs,
    })
    expect(await failure(open(stage.context(url), url, { via: via(false) }))).to.have.property(
      'reason',
      'engine-failed',
    )
    expect(await failure(open(stage.context(url), url, { via: via(true) }))).to.be.instanceOf(Severed)
    expect(stage.refused).to.deep.equal([])
  })

  it('attributes an unknown host name to the environment', async () => {
    const url = new URL('ws://name.invalid/')
    const error = await failure(open(stage.context(url), url))
    expect(error).to.be.instanceOf(Inconclusive).with.property('reason', 'environment')
  })

  it('attributes an ending under such a fault to the proxy', async () => {
    const url = await stage.serve((socket) => socket.end())
    const via: Route = { kind: 'proxy', host: '127.0.0.1', port: Number(url.port), severs: true }
    const connection = await open(stage.context(url), url, { via })
    await ended(connection)
    expect(connection.ending).to.deep.equal({ by: 'proxy', how: 'fin', code: null })
  })

  it('ends with its scope, and so do its waits', async () => {
    const url = await stage.serve((socket) => socket.resume())
    const context = stage.context(url)
    const connection = await open(context, url)
    const wait = connection.watch.until(() => undefined, 60_000)
    await context.scope.close()
    expect(await wait).to.equal(undefined)
    expect(connection.ending).to.deep.equal({ by: 'harness', how: 'fin', code: null })
    expect(stage.standing.size).to.equal(0)
  })

  it('reaches an IPv6 address', async function () {
    const server = net.createServer((socket) => socket.end('six'))
    stage.defer(() => server.close())
    const listening = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(0, '::1', () => resolve(true))
    })
    if (!listening) this.skip()
    const url = new URL(`ws://[::1]:${(server.address() as AddressInfo).port}/`)
    await ended(await open(stage.context(url), url))
    expect(received).to.equal('six')
  })

  describe('over TLS', () => {
    let ca: string
    let key: string
    before(async () => {
      const made = await generate([{ name: 'commonName', value: 'localhost' }], {
        extensions: [
          { name: 'basicConstraints', cA: true },
          { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] },
        ],
      })
      ca = made.cert
      key = made.private
    })

    const serveTls = async (act: Act, options: tls.TlsOptions = {}): Promise<URL> => {
      const raws = new Set<net.Socket>()
      const server = tls.createServer({ key, cert: ca, ...options }, (socket) => {
        socket.on('error', () => undefined)
        act(socket)
      })
      server.on('tlsClientError', () => undefined)
      server.on('connection', (raw) => raws.add(raw))
      stage.defer(() => {
        for (const raw of raws) raw.destroy()
        return new Promise((resolve) => server.close(resolve))
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return new URL(`wss://localhost:${(server.address() as AddressInfo).port}/`)
    }

    it('counts TCP bytes, delivers TLS payload, and sees the FIN after it', async () => {
      const url = await serveTls((socket) =>
        socket.on('data', (bytes) => socket.end(bytes.toString().repeat(1000))),
      )
      const connection = await open(stage.context(url), url, { tls: { ca, insecure: false } })
      expect(connection.tls).to.deep.include({ authorized: true, error: null })
      connection.write(text('hello'))
      await ended(connection)
      expect(received).to.equal('hello'.repeat(1000))
      expect(connection.ending).to.deep.equal({ by: 'target', how: 'fin', code: null })
      expect(connection.trace.serverToClientBytes).to.be.above(5000)
      expect(connection.trace.clientToServerBytes).to.be.above(5)
    })

    it('sees a reset', async () => {
      const resets: net.Socket[] = []
      const url = await serveTls((socket) => socket.once('data', () => resets[0]?.resetAndDestroy()))
      const relay = await stage.serve((client) => {
        resets.push(client)
        const up = net.connect(Number(url.port), '127.0.0.1')
        up.on('error', () => undefined)
        client.on('close', () => up.destroy())
        client.pipe(up).pipe(client)
      })
      const via: Route = { kind: 'proxy', host: '127.0.0.1', port: Number(relay.port), severs: false }
      const connection = await open(stage.context(url), url, { tls: { ca, insecure: false }, via })
      connection.write(text('x'))
      await ended(connection)
      expect(connection.ending).to.deep.equal({ by: 'target', how: 'rst', code: null })
    })

    it('is ended by the harness', async () => {
      const url = await serveTls((socket) => socket.on('end', () => undefined).resume())
      const connection = await open(stage.context(url), url, { tls: { ca, insecure: false } })
      connection.finish()
      await ended(connection)
      expect(connection.ending).to.deep.equal({ by: 'harness', how: 'fin', code: null })
      expect(connection.remoteEnding).to.deep.equal({ by: 'target', how: 'fin', code: null })
    })

    it('sends nothing to an untrusted server, except with --insecure', async () => {
      let heard = 0
      const url = await serveTls((socket) => socket.on('data', () => (heard += 1)))
      const distrusted = await open(stage.context(url), url)
      distrusted.write(text('secret'))
      expect(distrusted.tls).to.deep.include({ authorized: false, error: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
      expect(distrusted.ending).to.deep.equal({ by: 'harness', how: 'fin', code: null })
      const insecure = await open(stage.context(url), url, { tls: { ca: null, insecure: true } })
      expect(insecure.tls).to.deep.include({ authorized: false, error: null })
      expect(heard).to.equal(0)
    })

    it('checks the host name of the target on any route', async () => {
      const url = await serveTls((socket) => socket.resume())
      const named = new URL(`wss://other.example:${url.port}/`)
      const via: Route = { kind: 'proxy', host: '127.0.0.1', port: Number(url.port), severs: false }
      const trusting = { ca, insecure: false }
      expect((await open(stage.context(url), named, { via, tls: trusting })).tls?.error).to.equal(
        'ERR_TLS_CERT_ALTNAME_INVALID',
      )
      expect((await open(stage.context(url), url, { via, tls: trusting })).tls?.error).to.equal(null)
    })

    it('reports that TLS failed on a plain-text port, and on a silent one', async () => {
      const plain = await stage.serve((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
      const mute = await stage.serve((socket) => socket.resume())
      const secure = (url: URL): URL => new URL(`wss://127.0.0.1:${url.port}/`)
      const spoken = await open(stage.context(plain), secure(plain))
      expect(spoken.tls).to.deep.include({ authorized: false, error: 'ERR_SSL_WRONG_VERSION_NUMBER' })
      const silent = await open(stage.context(mute, { timeScale: 0.02 }), secure(mute))
      expect(silent.tls?.error).to.equal('TIMEOUT')
      expect(silent.ending).to.deep.equal({ by: 'target', how: 'timeout', code: null })
    })

    it('offers no TLS version newer than maxTls', async () => {
      const url = await serveTls((socket) => socket.resume())
      const trusting = { ca, insecure: false }
      const newer = await open(stage.context(url), url, { tls: trusting, maxTls: 'TLSv1.2' })
      expect(newer.tls?.protocol).to.equal('TLSv1.2')
      const older = await open(stage.context(url), url, { tls: trusting, maxTls: 'TLSv1.1' })
      expect(older.tls?.error).to.be.a('string')
    })

    it('speaks plain text to a TLS port with plainText', async () => {
      const url = await serveTls((socket) => socket.resume())
      const connection = await open(stage.context(url), url, { plainText: true })
      connection.write(text('GET / HTTP/1.1\r\n\r\n'))
      await ended(connection)
      expect(connection.tls).to.equal(null)
      expect(connection.remoteEnding).to.have.property('by', 'target')
    })
  })
})

/** An address where nothing listens any more. */
async function closedPort(): Promise<URL> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return new URL(`ws://127.0.0.1:${port}/`)
}
