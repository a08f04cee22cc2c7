import type net from 'node:net'
import { expect } from 'chai'
import { Inconclusive, Violation } from '#model/errors'
import type { Route } from '#peers/kit'
import type { Kit } from '#peers/kit'
import type { Session } from '#peers/session/session'
import type { Fault, ConnectionTrace, Proof } from '#proxies/types'
import { Stage, echoing, forwarder, ponging, upgraded } from '../stage.ts'
import type { Act } from '../stage.ts'

type Effect = (client: net.Socket, upstream: net.Socket) => void

/** A fault that a test defines: `apply` is what the proxy does to a connection. */
interface TestFault extends Fault {
  readonly apply: Effect
}

const faultOf = (apply: Effect, severs: boolean, prove: Fault['prove']): TestFault => ({
  name: 'test-fault',
  direction: 'server-to-client',
  settings: { bytes: 3 },
  toxics: [],
  severs,
  prove,
  apply,
})
const proven = (): Proof => ({ proven: true, summary: 'it had an effect', figures: { bytes: 3 } })

/** Lets so many bytes from the server pass, then sends FIN. */
const cut =
  (bytes: number): Effect =>
  (client, upstream) => {
    let left = bytes
    upstream.on('data', (chunk) => {
      if (left <= 0) return
      client.write(chunk.subarray(0, left))
      left -= chunk.length
      if (left <= 0) client.end()
    })
  }
const pass: Effect = (client, upstream) => upstream.on('data', (chunk) => client.write(chunk))
const silence: Effect = () => undefined

describe('underFault', () => {
  let stage: Stage
  beforeEach(() => (stage = new Stage()))
  afterEach(async () => {
    await stage.close()
    expect(stage.standing.size, 'open connections').to.equal(0)
  })

  const sessionFor = async (act: Act, timeScale = 1): Promise<Session<Kit>> => {
    const engine = forwarder(stage, (fault, client, upstream) => (fault as TestFault).apply(client, upstream))
    return stage.session(await stage.serve(act), { engine, timeScale })
  }
  const thrown = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => null,
      (error: unknown) => error,
    )
  const exchange =
    ({ kit }: Session<Kit>) =>
    async (via: Route): Promise<void> => {
      const ws = await kit.connect({ via })
      await ws.expectEcho('text', 'hello')
    }

  it('runs the exchange twice through one proxy, and records the fault with its proof', async () => {
    const session = await sessionFor(echoing)
    const traces: ConnectionTrace[] = []
    const routes: Route[] = []
    const fault = faultOf(pass, false, (faulted, control) => (traces.push(faulted, control), proven()))
    await session.kit.underFault(fault, async (via) => {
      routes.push(via)
      await exchange(session)(via)
    })
    expect(routes.map(({ kind, severs }) => [kind, severs])).to.deep.equal([
      ['proxy', false],
      ['proxy', false],
    ])
    expect(routes[0]?.port).to.equal(routes[1]?.port)
    expect(traces.map(({ serverToClientBytes }) => serverToClientBytes)).to.satisfy(
      ([one, two]: number[]) => one === two,
    )
    expect(session.evidence().faults).to.deep.equal([
      {
        name: 'test-fault',
        direction: 'server-to-client',
        settings: { bytes: 3 },
        proof: 'it had an effect',
      },
    ])
    expect(session.evidence().measured).to.deep.equal({ 'test-fault.bytes': 3 })
  })

  it('makes the fault from the control, and expects an exchange that it severs to end early', async () => {
    const session = await sessionFor(echoing)
    let faulted: ConnectionTrace | null = null
    const build = (control: ConnectionTrace): TestFault =>
      faultOf(cut((control.openedAtServerToClientBytes ?? 0) + 3), true, (trace) => {
        faulted = trace
        return proven()
      })
    await session.kit.underFault(build, exchange(session))
    expect(faulted).to.deep.include({ serverToClientBytes: 150 })
    expect(session.evidence().close).to.deep.equal({ by: 'proxy', how: 'fin', code: null })
    expect(session.evidence().transcript.map(({ note }) => note)).to.include('3 bytes of an incomplete frame')
  })

  for (const [name, bytes] of [
    ['in the head of the handshake', 20],
    ['before any byte', 0],
  ] as const) {
    it(`expects the exchange to end at a cut ${name}`, async () => {
      const session = await sessionFor(echoing)
      const apply: Effect = bytes === 0 ? (client) => client.resetAndDestroy() : cut(bytes)
      await session.kit.underFault(faultOf(apply, true, proven), exchange(session))
      expect(session.evidence().faults).to.have.length(1)
    })
  }

  it('stops waiting on a silent link, which its trace shows', async () => {
    const session = await sessionFor(echoing, 0.05)
    let faulted: ConnectionTrace | null = null
    const fault = faultOf(silence, true, (trace) => ((faulted = trace), proven()))
    await session.kit.underFault(fault, exchange(session))
    expect(faulted).to.deep.include({ serverToClientBytes: 0 })
    expect((faulted as ConnectionTrace | null)?.ending).to.deep.include({ how: 'timeout', by: 'harness' })
  })

  it('waits for the end that a severing fault brings after the exchange', async () => {
    const session = await sessionFor(echoing)
    let faulted: ConnectionTrace | null = null
    const later: Effect = (client, upstream) => {
      pass(client, upstream)
      setTimeout(() => client.end(), 50)
    }
    const fault = faultOf(later, true, (trace) => ((faulted = trace), proven()))
    await session.kit.underFault(fault, exchange(session))
    expect((faulted as ConnectionTrace | null)?.ending).to.deep.include({ how: 'fin', by: 'peer' })
  })

  it('is inconclusive if the fault is not proven, whatever the exchange found', async () => {
    const not = (): Proof => ({ proven: false, summary: 'nothing happened' })
    const session = await sessionFor(echoing)
    const error = await thrown(session.kit.underFault(faultOf(pass, false, not), exchange(session)))
    expect(error)
      .to.be.instanceOf(Inconclusive)
      .with.property('message', 'fault-not-proven: nothing happened')
    const failing = await thrown(
      session.kit.underFault(faultOf(silence, false, not), async (via) => {
        await exchange(session)(via)
        session.kit.expect(via.severs, 'a', 'b')
      }),
    )
    expect(failing).to.be.instanceOf(Violation)
    expect(session.evidence().faults).to.deep.equal([])
  })

  it('passes on a violation of the faulted run once the fault is proven', async () => {
    let connections = 0
    const second: Act = (socket) => {
      connections += 1
      if (connections === 1) echoing(socket)
      else ponging()(socket)
    }
    const session = await sessionFor(second, 0.05)
    const error = await thrown(session.kit.underFault(faultOf(pass, false, proven), exchange(session)))
    expect(error).to.be.instanceOf(Violation)
    expect(session.evidence().faults).to.have.length(1)
  })

  it('passes on a violation of the control at once', async () => {
    const session = await sessionFor(
      upgraded(() => () => undefined),
      0.05,
    )
    const error = await thrown(session.kit.underFault(faultOf(pass, false, proven), exchange(session)))
    expect(error).to.be.instanceOf(Violation)
    expect(session.evidence().faults).to.deep.equal([])
  })

  it('passes on an error of the check itself', async () => {
    const session = await sessionFor(echoing)
    const fault = faultOf(pass, false, proven)
    let runs = 0
    const error = await thrown(
      session.kit.underFault(fault, async (via) => {
        await exchange(session)(via)
        runs += 1
        if (runs === 2) throw new RangeError('a bug')
      }),
    )
    expect(error).to.be.instanceOf(RangeError)
  })
})
