import { getEventListeners } from 'node:events'
import { expect } from 'chai'
import { SetupError } from '#model/errors'
import { waitForTarget } from '#cli/process/wait'
import { freePort, socketServer } from '../support/bad-servers.ts'

const never = new AbortController().signal

describe('cli: waiting for a target', () => {
  it('returns as soon as the address accepts a connection', async () => {
    await using server = await socketServer(() => undefined)
    await waitForTarget(new URL(`ws://127.0.0.1:${server.port}/`), 5000, never)
    expect(server.connections()).to.equal(1)
  })

  it('leaves no listener on the signal after an attempt on a closed port', async () => {
    const { signal } = new AbortController()
    const error = await waitForTarget(new URL(`ws://127.0.0.1:${await freePort()}/a?b=c`), 500, signal).then(
      () => null,
      (reason: unknown) => reason,
    )
    expect(error).to.be.instanceOf(SetupError)
    expect((error as Error).message).to.match(
      /^ws:\/\/127\.0\.0\.1:\d+\/a\?b=\*\*\* did not accept a connection within 500ms \(--wait\); start the server, or wait longer$/,
    )
    expect(getEventListeners(signal, 'abort')).to.deep.equal([])
  })

  it('returns without an error when the signal is aborted', async () => {
    const controller = new AbortController()
    const waiting = waitForTarget(new URL(`ws://127.0.0.1:${await freePort()}/`), 60_000, controller.signal)
    controller.abort()
    await waiting
  })
})
