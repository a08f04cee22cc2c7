import type net from 'node:net'
import { expect } from 'chai'
import { Inconclusive, Violation } from '#model/errors'
import { proveFault } from '#peers/faults/prove-fault'
import type { FaultTrial } from '#peers/faults/prove-fault'
import { Severed } from '#peers/faults/severed'
import type { Route } from '#peers/kit'
import { openConnection } from '#peers/net/open-connection'
import type { Connection } from '#peers/net/connection'
import type { SessionContext } from '#peers/session/context'
import type { Fault, FaultProxy, ConnectionTrace, Proof } from '#proxies/types'
import { Stage, forwarder } from '../stage.ts'

/** Under this fault the proxy answers `faulted` instead of what the server answers. */
const faultOf = (changes: Partial<Fault> = {}): Fault => ({
  name: 'test-fault',
  direction: 'server-to-client',
  settings: { size: 7 },
  toxics: [],
  severs: false,
  prove: ({ serverToClientBytes }, control): Proof =>
    serverToClientBytes === 7 && control.serverToClientBytes === 5
      ? { proven: true, summary: 'another answer came', figures: { bytes: 7 } }
      : { proven: false, summary: 'the same answer came' },
  ...changes,
})

describe('proveFault', () => {
  let stage: Stage
  let context: SessionContext
  let proxy: FaultProxy
  let faults: readonly Fault[]
  /** What the proxy does to connections under a fault. */
  let strike: (client: net.Socket) => void

  beforeEach(async () => {
    stage = new Stage()
    strike = (client) => void client.write('faulted')
    const url = await stage.serve((socket) => socket.on('data', () => socket.write('plain')))
    const engine = forwarder(stage, (_fault, client) => void client.once('data', () => strike(client)))
    context = stage.context(url, { engine, timeScale: 0.1 })
    const opened = await context.openProxy(url)
    faults = []
    proxy = { ...opened, setFaults: (next) => opened.setFaults((faults = next)) }
  })
  afterEach(() => stage.close())

  /** Asks once and waits for an answer. */
  const ask = async (via: Route): Promise<Connection> => {
    const endpoint = context.endpoint
    const socket = await openConnection(context, {
      url: endpoint.url,
      tls: endpoint.tls,
      via,
    })
    socket.write(Buffer.from('question'))
    await socket.watch.until(
      () => (socket.trace.serverToClientBytes > 0 || socket.ending !== null ? true : undefined),
      context.limits.reply,
    )
    return socket
  }
  const trial = (
    changes: Partial<FaultTrial<{ readonly trace: ConnectionTrace }, string>> = {},
  ): FaultTrial<{ readonly trace: ConnectionTrace }, string> => ({
    proxy,
    control: ask,
    fault: faultOf(),
    faulted: async (via) => `${(await ask(via)).trace.serverToClientBytes} bytes`,
    ...changes,
  })
  const thrown = (changes: Parameters<typeof trial>[0]): Promise<unknown> =>
    proveFault(context, trial(changes)).then(
      () => null,
      (error: unknown) => error,
    )

  it('returns the result of the faulted run, and records the fault with its proof', async () => {
    expect(await proveFault(context, trial())).to.equal('7 bytes')
    expect(context.evidence().faults).to.deep.equal([
      {
        name: 'test-fault',
        direction: 'server-to-client',
        settings: { size: 7 },
        proof: 'another answer came',
      },
    ])
    expect(context.evidence().measured).to.deep.equal({ 'test-fault.bytes': 7 })
  })

  it('runs the control first, through the same proxy, and closes it before the fault is set', async () => {
    const steps: string[] = []
    let control: Connection | undefined
    await proveFault(
      context,
      trial({
        async control(via) {
          steps.push(`control ${via.port === proxy.port} ${faults.length}`)
          control = await ask(via)
          return control
        },
        fault() {
          steps.push(`fault ${control?.ending?.by}`)
          return faultOf()
        },
        async faulted(via) {
          steps.push(`faulted ${via.port === proxy.port} ${faults.length}`)
          await ask(via)
          return ''
        },
      }),
    )
    expect(steps).to.deep.equal(['control true 0', 'fault harness', 'faulted true 1'])
  })

  it('removes the fault of an earlier trial before the control of the next', async () => {
    const during: number[] = []
    const control = (via: Route): ReturnType<typeof ask> => {
      during.push(faults.length)
      return ask(via)
    }
    for (const result of ['7 bytes', '7 bytes'])
      expect(await proveFault(context, trial({ control }))).to.equal(result)
    expect(during).to.deep.equal([0, 0])
  })

  it('makes the fault from the control, and hands the control to the faulted run', async () => {
    const seen: unknown[] = []
    await proveFault(
      context,
      trial({
        control: async (via) => ({ trace: (await ask(via)).trace }),
        fault: ({ trace }) => faultOf({ settings: { after: trace.serverToClientBytes } }),
        async faulted(via, control) {
          seen.push(control.trace.serverToClientBytes)
          await ask(via)
          return ''
        },
      }),
    )
    expect(seen).to.deep.equal([5])
    expect(context.evidence().faults[0]?.settings).to.deep.equal({ after: 5 })
  })

  it('is inconclusive if the fault had no effect', async () => {
    strike = (client) => void client.write('plain')
    const error = await thrown({})
    expect(error)
      .to.be.instanceOf(Inconclusive)
      .with.property('message', 'fault-not-proven: the same answer came')
    expect(context.evidence().faults).to.deep.equal([])
  })

  it('is inconclusive if the faulted run opened no connection', async () => {
    const error = await thrown({ faulted: () => Promise.resolve('') })
    expect(error).to.have.property(
      'message',
      'fault-not-proven: the exchange under the fault opened no connection',
    )
  })

  it('is inconclusive if the engine refuses the toxics', async () => {
    const refusing: FaultProxy = { ...proxy, setFaults: () => Promise.reject(new Error('no')) }
    const error = await thrown({ proxy: refusing })
    expect(error).to.be.instanceOf(Inconclusive).with.property('reason', 'engine-failed')
  })

  for (const [what, error] of [
    ['violation', new Violation('a', 'b')],
    ['early end', new Severed('the proxy ended it')],
    ['inconclusive end', new Inconclusive('no-event', 'none came')],
  ] as const) {
    it(`passes on the ${what} of the faulted run after it has proven the fault`, async () => {
      const faulted = async (via: Route): Promise<string> => {
        await ask(via)
        throw error
      }
      expect(await thrown({ faulted })).to.equal(error)
      expect(context.evidence().faults).to.have.length(1)
    })
  }

  it('does not let a violation count if the fault is not proven', async () => {
    strike = (client) => void client.write('plain')
    const faulted = async (via: Route): Promise<string> => {
      await ask(via)
      throw new Violation('a', 'b')
    }
    const error = await thrown({ faulted })
    expect(error).to.be.instanceOf(Inconclusive).with.property('reason', 'fault-not-proven')
    expect((error as Error).cause).to.be.instanceOf(Violation)
  })

  it('keeps the reason of a faulted run that was itself inconclusive', async () => {
    strike = (client) => void client.write('plain')
    const faulted = async (via: Route): Promise<string> => {
      await ask(via)
      throw new Inconclusive('no-event', 'none came')
    }
    expect(await thrown({ faulted })).to.have.property('reason', 'no-event')
    expect(context.evidence().faults).to.deep.equal([])
  })

  it('passes on a violation of the control at once, and sets no fault', async () => {
    const error = await thrown({ control: () => Promise.reject(new Violation('a', 'b')) })
    expect(error).to.be.instanceOf(Violation)
    expect(faults).to.deep.equal([])
  })

  it('passes on an error of its own at once, whether the fault is proven or not', async () => {
    const error = await thrown({ faulted: () => Promise.reject(new RangeError('a bug')) })
    expect(error).to.be.instanceOf(RangeError)
    expect(context.evidence().faults).to.deep.equal([])
  })

  it('waits for the end that a severing fault brings after the run', async () => {
    strike = (client) => {
      client.write('faulted')
      setTimeout(() => client.end(), 50)
    }
    let ending: ConnectionTrace['ending'] = null
    await proveFault(
      context,
      trial({
        fault: faultOf({ severs: true }),
        prove(_fault, { faulted }) {
          ;({ ending } = faulted)
          return { proven: true, summary: 'it ended', figures: {} }
        },
      }),
    )
    expect(ending).to.deep.include({ how: 'fin', by: 'peer' })
  })

  it('compares the connection that the trial names, and proves in the way that it names', async () => {
    const bytes: unknown[] = []
    const result = await proveFault(
      context,
      trial({
        async faulted(via) {
          await ask(via)
          strike = (client) => void client.write('again')
          await ask(via)
          return 'twice'
        },
        connection: (connections) => connections.at(-1),
        prove(fault, seen) {
          bytes.push(
            fault.name,
            seen.faulted.serverToClientBytes,
            seen.control.trace.serverToClientBytes,
            seen.result,
          )
          return { proven: true, summary: 'as named', figures: {} }
        },
      }),
    )
    expect(bytes).to.deep.equal(['test-fault', 5, 5, 'twice'])
    expect([result, context.evidence().faults[0]?.proof]).to.deep.equal(['twice', 'as named'])
  })
})
