import { check } from '#peers/kit'
import type { Section } from '#peers/kit'
import { blackHole, cutAfter, resetPeer } from '#proxies/faults'
import type { ConnectionTrace, Direction, Fault } from '#proxies/faults'

export const section: Section = {
  protocol: 'websocket',
  order: 900_100,
  title: 'Connections that are lost: cut, reset or black-holed links',
}

const independent = { spec: 'STREAMPROOF', section: 'clients-independent' } as const
const prompt = { spec: 'STREAMPROOF', section: 'prompt-reconnect' } as const

/** Names the client to the reference, so that its mutant can refuse the same client when it returns. */
const clientHeader = 'X-Streamproof-Client'

// --- Links that cut, reset or drop everything ---------------------------------------------------------------------------

/** The head of a handshake response is longer than 40 bytes. */
const cutInHead = cutAfter({ bytes: 40, direction: 'server-to-client' })
const reset = resetPeer({ afterMs: 20, direction: 'server-to-client' })
const outputLost = blackHole({ direction: 'server-to-client' })
const inputLost = blackHole({ direction: 'client-to-server' })

interface Loss {
  readonly name: string
  readonly title: string
  readonly fault: Fault
  readonly mutants: readonly string[]
}

const lossesForOthers: readonly Loss[] = [
  {
    name: 'fin',
    title: 'keeps serving other clients when one handshake response is cut off',
    fault: cutInHead,
    mutants: ['lost-connection-drops-others'],
  },
  {
    name: 'rst',
    title: 'keeps serving other clients when one WebSocket connection is reset',
    fault: reset,
    mutants: ['lost-connection-drops-others'],
  },
  {
    name: 'black-hole-server-to-client',
    title: 'keeps serving other clients when its output to one client is lost',
    fault: outputLost,
    mutants: ['lost-connection-drops-others'],
  },
  {
    name: 'black-hole-client-to-server',
    title: 'keeps serving other clients when its input from one client is lost',
    fault: inputLost,
    // Nothing of the handshake reaches the server, so it has no connection to lose.
    mutants: ['ignore-pings'],
  },
]

export const otherClients = lossesForOthers.map(({ name, title, fault, mutants }) =>
  check({
    id: `ws/faults/other-clients-unaffected-by-${name}`,
    title,
    level: 'SHOULD',
    clause: independent,
    topic: 'connection',
    mutants,
    expectations: ['EXP-LIM-3'],
    async run({ underFault, connect }) {
      const other = await connect()
      await underFault(fault, async (via) => (await connect({ via })).close())
      await other.expectPong()
    },
  }),
)

const lossesBeforeReconnect: readonly Loss[] = [
  {
    name: 'fin',
    title: 'accepts the first reconnect attempt after a cut handshake response',
    fault: cutInHead,
    mutants: ['refuse-after-loss'],
  },
  {
    name: 'rst',
    title: 'accepts the first reconnect attempt after the link was reset',
    fault: reset,
    mutants: ['refuse-after-loss'],
  },
  {
    name: 'black-hole-server-to-client',
    title: 'accepts the first reconnect attempt after its output was lost',
    fault: outputLost,
    mutants: ['refuse-after-loss'],
  },
  {
    name: 'black-hole-client-to-server',
    title: 'accepts the first reconnect attempt after its input was lost',
    fault: inputLost,
    mutants: ['ignore-pings'],
  },
]

export const promptReconnect = lossesBeforeReconnect.map(({ name, title, fault, mutants }) =>
  check({
    id: `ws/reconnection/prompt-after-${name}`,
    title,
    level: 'SHOULD',
    clause: prompt,
    topic: 'reconnection',
    mutants,
    expectations: ['EXP-REC-1', 'EXP-LIM-3'],
    async run({ underFault, connect, nonce, now, measure }) {
      const headers = [[clientHeader, nonce()]] as const
      await underFault(fault, async (via) => (await connect({ via, headers })).close())
      const began = now()
      await connect({ headers })
      measure('backMs', Math.round(now() - began))
    },
  }),
)

// --- Links that cut at a place in a frame -------------------------------------------------------------------------------

interface Cut {
  /** Bytes that pass after the connection is open. */
  readonly bytes: number
  readonly title: string
}

/** The Pong that the server sends has a header of 2 bytes. */
const outputCuts: readonly Cut[] = [
  { bytes: 1, title: 'accepts a reconnect after its output was cut inside a frame header' },
  { bytes: 2, title: 'accepts a reconnect after its output was cut after a frame header' },
  { bytes: 12, title: 'accepts a reconnect after its output was cut inside a frame payload' },
]

export const outputCut = cutPings('server-to-client', outputCuts)

/** The Ping that the client sends has a header of 2 bytes and a masking key of 4. */
const inputCuts: readonly Cut[] = [
  { bytes: 1, title: 'accepts a reconnect after its input was cut inside a frame header' },
  { bytes: 4, title: 'accepts a reconnect after its input was cut inside a masking key' },
  { bytes: 12, title: 'accepts a reconnect after its input was cut inside a frame payload' },
]

export const inputCut = cutPings('client-to-server', inputCuts)

/** The connection is cut while a Ping or its Pong is on the way; then the client connects again. */
function cutPings(direction: Direction, cuts: readonly Cut[]) {
  return cuts.map(({ bytes, title }) =>
    check({
      id: `ws/faults/cut-${direction}-after-${bytes}`,
      title,
      level: 'SHOULD',
      clause: prompt,
      topic: 'reconnection',
      mutants: ['refuse-after-loss'],
      expectations: ['EXP-REC-1', 'EXP-LIM-3'],
      async run({ underFault, connect, nonce }) {
        const headers = [[clientHeader, nonce()]] as const
        await underFault(cutOnceOpen(direction, bytes), async (via) => {
          const ws = await connect({ via, headers })
          await ws.expectPong('p'.repeat(100))
          await ws.close()
        })
        await connect({ headers })
      },
    }),
  )
}

/** Each of the three fragments has a header of 2 bytes, a masking key of 4, and 30 characters of 3 bytes. */
const messageCuts: readonly Cut[] = [
  { bytes: 7, title: 'accepts a reconnect after its input was cut inside a UTF-8 character' },
  { bytes: 96, title: 'accepts a reconnect after its input was cut between two fragments' },
]

export const messageCut = messageCuts.map(({ bytes, title }) =>
  check({
    id: `ws/faults/cut-client-to-server-after-${bytes}`,
    title,
    level: 'SHOULD',
    clause: prompt,
    topic: 'reconnection',
    needs: ['ws.echo'],
    after: ['ws/fragmentation/text-in-2'],
    mutants: ['refuse-after-loss'],
    expectations: ['EXP-REC-1', 'EXP-LIM-3'],
    async run({ underFault, connect, nonce }) {
      const headers = [[clientHeader, nonce()]] as const
      await underFault(cutOnceOpen('client-to-server', bytes), async (via) => {
        const ws = await connect({ via, headers })
        await ws.expectEcho('text', '€'.repeat(90), 3)
        await ws.close()
      })
      await connect({ headers })
    },
  }),
)

/** Cuts what one side sends, that many bytes after the connection is open. */
function cutOnceOpen(direction: Direction, bytes: number): (control: ConnectionTrace) => Fault {
  return (control) => {
    const atOpening =
      direction === 'server-to-client'
        ? control.openedAtServerToClientBytes
        : control.openedAtClientToServerBytes
    return cutAfter({ bytes: (atOpening ?? 0) + bytes, direction })
  }
}

// --- Clients that leave without a Close frame -----------------------------------------------------------------------------

const clientLosses = [
  {
    name: 'client-fin',
    title: 'accepts the first reconnect attempt after a FIN without a Close frame',
    leave: (ws: { finish(): void }) => ws.finish(),
  },
  {
    name: 'client-rst',
    title: 'accepts the first reconnect attempt after the client reset TCP',
    leave: (ws: { reset(): void }) => ws.reset(),
  },
] as const

export const clientLoss = clientLosses.map(({ name, title, leave }) =>
  check({
    id: `ws/reconnection/prompt-after-${name}`,
    title,
    level: 'SHOULD',
    clause: prompt,
    topic: 'reconnection',
    mutants: ['refuse-after-loss'],
    expectations: ['EXP-REC-1'],
    async run({ connect, nonce }) {
      const headers = [[clientHeader, nonce()]] as const
      const other = await connect()
      leave(await connect({ headers }))
      // By the time of this answer the server has noticed the loss.
      await other.expectPong()
      await connect({ headers })
    },
  }),
)
