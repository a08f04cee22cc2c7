import { check } from '#peers/kit'
import type { Section } from '#peers/kit'
import { blackHole, cutAfter, latency, resetPeer, slices, throttle } from '#proxies/faults'
import type { Fault, ConnectionTrace } from '#proxies/faults'

export const section: Section = {
  protocol: 'websocket',
  order: 900_000,
  title: 'Connections over links that are slow, that cut and that fall silent',
}

const client = 'X-Streamproof-Client'
/** Characters of one, two, three and four octets. */
const text = 'aé€𝄞 '.repeat(40)
const everyOctet = Uint8Array.from({ length: 256 }, (_none, index) => index)

// --- Links that are slow ----------------------------------------------------------------------------------------------

const slow = [
  [
    'latency-down',
    latency({ ms: 200, direction: 'server-to-client' }),
    'every octet from the server is late',
  ],
  ['latency-up', latency({ ms: 200, direction: 'client-to-server' }), 'every octet to the server is late'],
  [
    'throttle-down',
    throttle({ bytesPerSecond: 1000, direction: 'server-to-client' }),
    'the way from the server is narrow',
  ],
  [
    'throttle-up',
    throttle({ bytesPerSecond: 1000, direction: 'client-to-server' }),
    'the way to the server is narrow',
  ],
  [
    'slices-down',
    slices({ size: 1, delayUs: 1000, direction: 'server-to-client' }),
    'octets come from the server one by one',
  ],
  [
    'slices-up',
    slices({ size: 1, delayUs: 1000, direction: 'client-to-server' }),
    'octets come to the server one by one',
  ],
] as const

/**
 * Servers that take a slow link for a dead or a hostile client: they fall under the fault alone, and let a client be
 * that is only silent.
 */
const impatient: Readonly<Record<(typeof slow)[number][0], string>> = {
  'latency-down': 'end-late-pongs',
  'latency-up': 'end-late-pongs',
  'throttle-down': 'end-late-pongs',
  'throttle-up': 'end-slow-frames',
  'slices-down': 'end-late-pongs',
  'slices-up': 'end-slow-frames',
}

export const answers = slow.map(([name, fault, how]) =>
  check({
    id: `ws/faults/answers-under-${name}`,
    title: `opens, answers Pings and closes where ${how}`,
    level: 'MUST',
    clause: { spec: 'RFC6455', section: '5.5.2' },
    topic: 'connection',
    // A Ping is too short to be slow on a narrow way: half of it comes at once.
    mutants: name === 'throttle-up' ? ['shorten-pongs'] : ['shorten-pongs', impatient[name]],
    expectations: ['EXP-LIM-3'],
    async run({ underFault, connect }) {
      await underFault(fault, async (via) => {
        const ws = await connect({ via })
        await ws.expectPong('p'.repeat(125))
        await ws.close()
      })
    },
  }),
)

export const echoes = slow.map(([name, fault, how]) =>
  check({
    id: `ws/faults/carries-text-under-${name}`,
    title: `carries text of all lengths of characters unaltered where ${how}`,
    level: 'MUST',
    clause: { spec: 'RFC6455', section: '5.6' },
    topic: 'connection',
    needs: ['ws.echo'],
    after: ['ws/fragmentation/text-in-2', 'ws/utf8/split-character'],
    mutants: ['refuse-four-octets', impatient[name]],
    expectations: ['EXP-LIM-3'],
    async run({ underFault, connect }) {
      await underFault(fault, async (via) => {
        const ws = await connect({ via })
        await ws.expectEcho('text', text)
        await ws.expectEcho('text', text, 3)
      })
    },
  }),
)

const sliced = slow.filter(([name]) => name.startsWith('slices'))

export const carriesBinary = sliced.map(([name, fault, how]) =>
  check({
    id: `ws/faults/carries-binary-under-${name}`,
    title: `carries all 256 octets unaltered where ${how}`,
    level: 'MUST',
    clause: { spec: 'RFC6455', section: '5.6' },
    topic: 'connection',
    needs: ['ws.echo.binary'],
    after: ['ws/fragmentation/text-in-2'],
    mutants: ['check-binary-for-utf8', ...(name === 'slices-up' ? ['mask-restarts-per-segment'] : [])],
    expectations: ['EXP-LIM-2', 'EXP-LIM-3'],
    async run({ underFault, connect }) {
      await underFault(fault, async (via) => {
        const ws = await connect({ via })
        await ws.expectEcho('binary', everyOctet)
        await ws.expectEcho('binary', everyOctet, 3)
      })
    },
  }),
)

// --- Links that end or fall silent --------------------------------------------------------------------------------------

const severing = [
  [
    'fin',
    cutAfter({ bytes: 40, direction: 'server-to-client' }),
    'the link cut inside the head of its answer',
  ],
  ['rst', resetPeer({ afterMs: 20, direction: 'server-to-client' }), 'the link reset'],
  [
    'black-hole-down',
    blackHole({ direction: 'server-to-client' }),
    'the link silenced on the way from the server',
  ],
  [
    'black-hole-up',
    blackHole({ direction: 'client-to-server' }),
    'the link silenced on the way to the server',
  ],
] as const

export const othersUnmoved = severing.map(([name, fault, how]) =>
  check({
    id: `ws/faults/others-unmoved-by-${name}`,
    title: `goes on serving its other clients when one has a connection that ${how}`,
    level: 'SHOULD',
    clause: { spec: 'STREAMPROOF', section: 'clients-independent' },
    topic: 'connection',
    // Nothing of the connection that a link silences upwards reaches the server, so that there is none to lose.
    mutants: name === 'black-hole-up' ? ['ignore-pings'] : ['loss-ends-others'],
    expectations: ['EXP-LIM-3'],
    async run({ underFault, connect }) {
      const other = await connect()
      await underFault(fault, async (via) => (await connect({ via })).close())
      await other.expectPong()
    },
  }),
)

export const promptReconnect = severing.map(([name, fault, how]) =>
  check({
    id: `ws/reconnection/prompt-after-${name}`,
    title: `takes a client back at its first attempt after a connection that ${how}`,
    level: 'SHOULD',
    clause: { spec: 'STREAMPROOF', section: 'prompt-reconnect' },
    topic: 'reconnection',
    mutants: name === 'black-hole-up' ? ['ignore-pings'] : ['refuse-after-loss'],
    expectations: ['EXP-REC-1', 'EXP-LIM-3'],
    async run({ underFault, connect, nonce, now, measure }) {
      const headers = [[client, nonce()]] as const
      await underFault(fault, async (via) => (await connect({ via, headers })).close())
      const began = now()
      await connect({ headers })
      measure('backMs', Math.round(now() - began))
    },
  }),
)

/** Behind what opening the connection took: the Pong that follows has a header of 2 octets. */
const cutsDown = [
  [1, 'inside the header of a frame'],
  [2, 'behind the header of a frame'],
  [12, 'inside the payload of a frame'],
] as const

export const cutDown = cutsDown.map(([bytes, where]) =>
  check({
    id: `ws/faults/cut-down-after-${bytes}`,
    title: `takes a client back that was cut off ${where} from the server`,
    level: 'SHOULD',
    clause: { spec: 'STREAMPROOF', section: 'prompt-reconnect' },
    topic: 'reconnection',
    mutants: ['refuse-after-loss'],
    expectations: ['EXP-REC-1', 'EXP-LIM-3'],
    async run({ underFault, connect, nonce }) {
      const headers = [[client, nonce()]] as const
      const cut = (opened: number | null): ReturnType<typeof cutAfter> =>
        cutAfter({ bytes: (opened ?? 0) + bytes, direction: 'server-to-client' })
      await underFault(
        ({ openedAtServerToClientBytes }) => cut(openedAtServerToClientBytes),
        async (via) => {
          const ws = await connect({ via, headers })
          await ws.expectPong('p'.repeat(100))
          await ws.close()
        },
      )
      await connect({ headers })
    },
  }),
)

/** The Ping that follows has a header of 2 octets and a key of 4. */
const cutsUp = [
  [1, 'inside the header of a frame'],
  [4, 'inside the masking key'],
  [12, 'inside the payload of a frame'],
] as const

export const cutUp = cutsUp.map(([bytes, where]) =>
  check({
    id: `ws/faults/cut-up-after-${bytes}`,
    title: `takes a client back that was cut off ${where} to the server`,
    level: 'SHOULD',
    clause: { spec: 'STREAMPROOF', section: 'prompt-reconnect' },
    topic: 'reconnection',
    mutants: ['refuse-after-loss'],
    expectations: ['EXP-REC-1', 'EXP-LIM-3'],
    async run({ underFault, connect, nonce }) {
      const headers = [[client, nonce()]] as const
      await underFault(cutBehindOpening(bytes), async (via) => {
        const ws = await connect({ via, headers })
        await ws.expectPong('p'.repeat(100))
        await ws.close()
      })
      await connect({ headers })
    },
  }),
)

/** The fragmented text that follows: frames with a header of 2 octets, a key of 4, and 30 characters of 3 octets. */
const cutsOfMessages = [
  [7, 'inside a character of a message'],
  [96, 'between two fragments of a message'],
] as const

export const cutMessage = cutsOfMessages.map(([bytes, where]) =>
  check({
    id: `ws/faults/cut-up-after-${bytes}`,
    title: `takes a client back that was cut off ${where} to the server`,
    level: 'SHOULD',
    clause: { spec: 'STREAMPROOF', section: 'prompt-reconnect' },
    topic: 'reconnection',
    needs: ['ws.echo'],
    after: ['ws/fragmentation/text-in-2'],
    mutants: ['refuse-after-loss'],
    expectations: ['EXP-REC-1', 'EXP-LIM-3'],
    async run({ underFault, connect, nonce }) {
      const headers = [[client, nonce()]] as const
      await underFault(cutBehindOpening(bytes), async (via) => {
        const ws = await connect({ via, headers })
        await ws.expectEcho('text', '€'.repeat(90), 3)
        await ws.close()
      })
      await connect({ headers })
    },
  }),
)

/** Cuts so many octets behind what the opening took on the way to the server. */
function cutBehindOpening(bytes: number): (control: ConnectionTrace) => Fault {
  return ({ openedAtClientToServerBytes }) =>
    cutAfter({ bytes: (openedAtClientToServerBytes ?? 0) + bytes, direction: 'client-to-server' })
}

const ownLosses = [
  ['client-fin', 'ended TCP without a Close frame', (ws: { finish(): void }) => ws.finish()],
  ['client-rst', 'reset TCP', (ws: { reset(): void }) => ws.reset()],
] as const

export const ownLoss = ownLosses.map(([name, how, lose]) =>
  check({
    id: `ws/reconnection/prompt-after-${name}`,
    title: `takes a client back at its first attempt after it ${how}`,
    level: 'SHOULD',
    clause: { spec: 'STREAMPROOF', section: 'prompt-reconnect' },
    topic: 'reconnection',
    mutants: ['refuse-after-loss'],
    expectations: ['EXP-REC-1'],
    async run({ connect, nonce }) {
      const headers = [[client, nonce()]] as const
      const other = await connect()
      lose(await connect({ headers }))
      // By the time of this answer the server has learned of the loss.
      await other.expectPong()
      await connect({ headers })
    },
  }),
)
