import { expect } from 'chai'
import { startReference } from '#reference/start'
import { streamproof } from '../support/in-process.ts'
import { temporaryFolder } from '../support/temporary.ts'

describe('cli: doctor', function () {
  this.timeout(30_000)

  it('prints that the reference server and the engine work', async () => {
    using folder = temporaryFolder()
    const { status, out, err } = await streamproof(['doctor'], folder.path)
    expect(status, err).to.equal(0)
    expect(out).to.match(/^ok {2}proxy engine: embedded .* forwarded a connection and cut it$/m)
    expect(out).to.match(/ok {2}ws\.echo is present: /)
    expect(out).to.match(/ok {2}sse\.resume is present: /)
    expect(out).not.to.match(/^\s*!!/m)
  })

  it('prints the problem of a target, and exits with 3', async () => {
    using folder = temporaryFolder()
    await using server = await startReference()
    const { status, out } = await streamproof(
      ['doctor', server.wss.href, 'http://nobody.invalid/', '--timeout-scale', '0.3'],
      folder.path,
    )
    expect(status).to.equal(3)
    expect(out).to.match(/^!! {2}WebSocket TLS: .*add its certificate authority with --ca FILE/m)
    expect(out).to.match(/^!! {2}SSE DNS: cannot resolve nobody\.invalid \(.*\); check the host name$/m)
  })

  it('says what to do if nothing listens on the port', async () => {
    using folder = temporaryFolder()
    const { status, out } = await streamproof(['doctor', 'ws://127.0.0.1:1/'], folder.path)
    expect(status).to.equal(3)
    expect(out).to.match(
      /^!! {2}WebSocket TCP: cannot connect to port 1 \(ECONNREFUSED\); start the server, or check the host and the port$/m,
    )
  })
})
