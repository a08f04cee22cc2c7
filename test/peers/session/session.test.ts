import { expect } from 'chai'
import { Violation } from '#model/errors'
import type { Kit } from '#peers/kit'
import { deferred } from '#common/deferred'
import { Stage, echoing } from '../stage.ts'

describe('openSession', () => {
  let stage: Stage
  beforeEach(() => (stage = new Stage()))
  afterEach(() => stage.close())

  it('gives the same pseudo-random bytes for the same seed and check, and always fresh nonces', async () => {
    const url = await stage.serve(echoing)
    const [one, same, other] = [
      stage.session(url).kit,
      stage.session(url).kit,
      stage.session(url, { seed: 2 }).kit,
    ]
    const bytes = Buffer.from(one.randomBytes(40)).toString('hex')
    expect(Buffer.from(same.randomBytes(40)).toString('hex')).to.equal(bytes)
    expect(Buffer.from(other.randomBytes(40)).toString('hex')).to.not.equal(bytes)
    expect(Buffer.from(one.randomBytes(40)).toString('hex')).to.not.equal(bytes)
    expect(one.nonce()).to.match(/^spx[a-z0-9]{13}$/)
    expect(one.nonce()).to.not.equal(same.nonce())
  })

  it('waits four times as long as the slowest answer of the target, but no shorter than its limits', async () => {
    const url = await stage.serve(echoing)
    const { quiet: _, ...usual } = stage.context(url, { timeScale: 0.5, slowestMs: 100 }).limits
    expect(usual).to.deep.equal({ connect: 2500, head: 1500, reply: 1000, end: 1000, event: 1500 })
    expect(stage.context(url, { timeScale: 0.5, slowestMs: 500 }).limits).to.deep.equal({
      connect: 2500,
      head: 2000,
      reply: 2000,
      end: 2000,
      event: 2000,
      quiet: 150,
    })
  })

  it('rounds limits to whole numbers, which some clients require', async () => {
    const url = await stage.serve(echoing)
    for (const pace of [{ timeScale: 0.3337 }, { slowestMs: 1234.567 }])
      expect(
        Object.values(stage.context(url, pace).limits).filter((ms) => !Number.isInteger(ms)),
      ).to.deep.equal([])
  })

  it('leaves nothing open after it is closed, once or twice, during a wait', async () => {
    const session = stage.session(await stage.serve(echoing))
    const ws = await session.kit.connect()
    const waiting = ws.expectMessage('text', 'never').catch((error: unknown) => error)
    await session.close()
    await session.close()
    expect(await waiting).to.be.instanceOf(Violation)
    expect(stage.standing.size).to.equal(0)
  })

  it('records figures and the ending that was judged last', async () => {
    const session = stage.session(await stage.serve(echoing))
    session.kit.measure('roundTripMs', 1.5)
    const ws = await session.kit.connect()
    expect(session.evidence()).to.deep.include({ measured: { roundTripMs: 1.5 }, close: null })
    ws.sendClose(1000)
    await ws.expectEnd()
    expect(session.evidence().close).to.deep.equal({ by: 'harness', how: 'close-frame', code: 1000 })
  })

  it('waits for every copy before it throws the first failure', async () => {
    const { kit } = stage.session(await stage.serve(echoing))
    const settled: number[] = []
    const failed = deferred<undefined>()
    const run = kit.inParallel(3, async (index) => {
      if (index === 0) {
        failed.resolve(undefined)
        throw new RangeError('first')
      }
      await failed.promise
      // All that the failure sets off at once is over by then.
      await new Promise((resolve) => setImmediate(resolve))
      settled.push(index)
    })
    expect(await run.catch((error: unknown) => (error as Error).message)).to.equal('first')
    expect(settled).to.deep.equal([1, 2])
    expect(await kit.inSequence(3, async (index) => index * 2)).to.deep.equal([0, 2, 4])
  })

  it('throws a violation for a condition that is false', async () => {
    const kit: Kit = stage.session(await stage.serve(echoing)).kit
    kit.expect(true, 'a', 'b')
    expect(() => kit.expect(false, 'a', 'b')).to.throw(Violation, 'expected a; actual: b')
  })
})
