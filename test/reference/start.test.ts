import { connect as connectTls } from 'node:tls'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect } from 'chai'
import { UsageError } from '#model/errors'
import { mutants } from '#reference/mutants'
import { startReference } from '#reference/start'
import type { Reference } from '#reference/start'
import { RawClient } from './raw-client.ts'

describe('the reference server', () => {
  let reference: Reference

  before(async () => {
    reference = await startReference()
  })

  after(() => reference.close())

  it('serves https with a certificate that its authority signed', async () => {
    const socket = connectTls({
      host: 'localhost',
      servername: 'localhost',
      port: Number(reference.https.port),
      ca: reference.ca,
    })
    await once(socket, 'secureConnect')
    expect(socket.authorized).to.equal(true)
    socket.write(`GET /events HTTP/1.1\r\nHost: ${reference.https.host}\r\n\r\n`)
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    expect(chunk.toString()).to.match(
      /^HTTP\/1\.1 200 OK\r\n[^]*Strict-Transport-Security: max-age=31536000\r\n/,
    )
    socket.destroy()
    await once(socket, 'close')
  })

  it('passes upgrade requests to the WebSocket service', async () => {
    await using client = await RawClient.get(
      reference.http,
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    )
    expect(await client.until('\r\n\r\n')).to.include(
      'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n',
    )
  })

  it('answers other paths with 404', async () => {
    await using client = await RawClient.get(new URL('/nowhere', reference.http))
    expect(await client.untilEnd()).to.match(/^HTTP\/1\.1 404 Not Found\r\n/)
  })

  it('redirects a GET to the plain-text address to the secure address', async () => {
    await using client = await RawClient.get(reference.plainHttp)
    expect(await client.untilEnd())
      .to.match(/^HTTP\/1\.1 301 /)
      .and.to.include(`Location: ${reference.https.href}\r\n`)
  })

  it('rejects upgrade requests to the plain-text address', async () => {
    await using client = await RawClient.get(
      reference.plainWs,
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    )
    expect(await client.untilEnd()).to.match(/^HTTP\/1\.1 403 /)
  })

  it('ends open connections when it closes, and can be closed twice', async () => {
    const other = await startReference()
    await using client = await RawClient.get(other.http)
    await client.until(': an event stream')
    await Promise.all([other.close(), other.close()])
    await client.untilEnd()
  })

  it('rejects an unknown mutant', async () => {
    const error = await startReference({ mutant: 'no-such' }).then(
      () => null,
      (thrown: unknown) => thrown,
    )
    expect(error)
      .to.be.instanceOf(UsageError)
      .with.property('message', 'the reference has no mutant named no-such')
  })

  it('sends events by itself and has no publish endpoint as the variant pushing', async () => {
    await using pushing = await startReference({ variant: 'pushing' })
    await using client = await RawClient.get(pushing.http)
    await client.until('id: 2\ndata: tick\n\n')
    await using response = await RawClient.ask(pushing.publish, ['POST /publish HTTP/1.1', 'Host: localhost'])
    expect(await response.untilEnd()).to.match(/^HTTP\/1\.1 404 /)
  })
})

/** A client that connects and sends without the thread of the server, and reports whether it was reset. */
const clientThread = `
  const { connect } = require('node:net')
  const { parentPort, workerData } = require('node:worker_threads')
  const socket = connect(workerData.port, '127.0.0.1')
  socket.write('bytes', () => {
    Atomics.store(workerData.sent, 0, 1)
    Atomics.notify(workerData.sent, 0)
  })
  socket.on('error', () => undefined)
  socket.on('close', (hadError) => parentPort.postMessage(hadError))
  socket.resume()
`

describe('the mutants', () => {
  it('have unique names in kebab case, and each breaks a clause', () => {
    const names = mutants.map(({ name }) => name)
    expect(new Set(names).size).to.equal(names.length)
    for (const { name, breaks, clause, rules } of mutants) {
      expect(name).to.match(/^[a-z0-9]+(-[a-z0-9]+)*$/)
      expect(breaks, name).to.match(/^[A-Za-z].*\.$/)
      expect(clause, name).to.match(/^[A-Z0-9]+\/\S+$/)
      expect(Object.keys(rules), name).to.not.deep.equal([])
    }
  })

  it('present other certificates', async () => {
    for (const [mutant, code] of [
      ['certificate-for-other-name', 'ERR_TLS_CERT_ALTNAME_INVALID'],
      ['certificate-untrusted', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
      ['certificate-expired', 'CERT_HAS_EXPIRED'],
    ] as const) {
      await using reference = await startReference({ mutant })
      const socket = connectTls({
        host: 'localhost',
        servername: 'localhost',
        port: Number(reference.https.port),
        ca: reference.ca,
      })
      const [error] = (await once(socket, 'error').catch((thrown: unknown) => [thrown])) as [
        NodeJS.ErrnoException,
      ]
      expect(error.code, mutant).to.equal(code)
    }
  })

  it('accept TLS 1.1 only as accept-old-tls', async () => {
    const acceptedVersion = async (reference: Reference): Promise<string | null> => {
      const socket = connectTls({
        host: 'localhost',
        servername: 'localhost',
        port: Number(reference.https.port),
        ca: reference.ca,
        minVersion: 'TLSv1.1',
        maxVersion: 'TLSv1.1',
        ciphers: 'DEFAULT@SECLEVEL=0',
      })
      const accepted = await once(socket, 'secureConnect').then(
        () => socket.getProtocol(),
        () => null,
      )
      socket.destroy()
      return accepted
    }
    await using strict = await startReference()
    expect(await acceptedVersion(strict)).to.equal(null)
    await using old = await startReference({ mutant: 'accept-old-tls' })
    expect(await acceptedVersion(old)).to.equal('TLSv1.1')
  })

  it('end a connection with a FIN as dead, also with bytes that the server has not read', async () => {
    await using reference = await startReference({ mutant: 'dead' })
    const sent = new Int32Array(new SharedArrayBuffer(4))
    const workerData = { port: Number(reference.http.port), sent }
    const client = new Worker(clientThread, { eval: true, execArgv: [], workerData })
    // This thread, which is also the server's, accepts the connection only after the bytes have been sent.
    Atomics.wait(sent, 0, 0, 10_000)
    const [hadError] = (await once(client, 'message')) as [boolean]
    expect(hadError).to.equal(false)
    await client.terminate()
  })

  it('serve plain text and TLS on one port as plain-text-on-tls-port', async () => {
    await using reference = await startReference({ mutant: 'plain-text-on-tls-port' })
    await using client = await RawClient.get(reference.https)
    await client.until('HTTP/1.1 200 OK\r\n')
    const socket = connectTls({
      host: 'localhost',
      servername: 'localhost',
      port: Number(reference.https.port),
      ca: reference.ca,
    })
    await once(socket, 'secureConnect')
    socket.destroy()
  })
})
