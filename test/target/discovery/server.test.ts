import { expect } from 'chai'
import type { SessionContext } from '#peers/session/context'
import { oneByOne } from '#target/discovery/findings'
import { serverDiscovery } from '#target/discovery/server'
import type { ServerQuestions } from '#target/discovery/server'
import { websocket } from '#protocols/websocket/index'
import { resolveTargets } from '#protocols/index'
import type { ProtocolModule } from '#target/protocol'

/** A protocol whose kit is the context of the session. */
const protocol = { ...websocket, discovery: {} } as unknown as ProtocolModule<SessionContext>

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Asked side by side, it is slow, passes messages on, and refuses a connection; asked one by one, none of that. */
const questions: ServerQuestions<SessionContext> = {
  open: () => Promise.resolve(),
  async find({ kit, how, timing }) {
    if (how === oneByOne) return { findings: {}, broadcasts: false }
    await timing.of(() => pause(120))
    kit.environment.observer.refused('status-503')
    return { findings: {}, broadcasts: true }
  },
  speaks: () => Promise.resolve(false),
  firstAnswer: { ask: () => Promise.resolve(null), request: 'a request', redirects: 'nothing follows' },
}

describe('discovery of a server that refuses a connection', () => {
  it('keeps what it learned before it asked again one by one', async () => {
    const [target] = resolveTargets({ ws: 'ws://127.0.0.1:1/' })
    if (target?.endpoint == null) throw new Error('the contract names a server')
    const { slowestMs, broadcasts } = await serverDiscovery(questions).discover({
      target,
      registry: { protocols: [protocol], openKit: (context) => context },
      environment: {
        endpoints: [target.endpoint],
        client: null,
        engine: null,
        seed: 1,
        timeScale: 1,
        redactor: { text: (value) => value, bytes: (value) => value },
      },
    })
    expect(broadcasts).to.equal(true)
    expect(slowestMs).to.be.within(100, 1000)
  })
})
