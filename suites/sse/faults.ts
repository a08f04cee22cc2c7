import { check } from '#peers/kit'
import type { Section } from '#peers/kit'
import { blackHole, cutAfter, latency, resetPeer, slices, throttle } from '#proxies/faults'

export const section: Section = {
  protocol: 'sse',
  order: 900,
  title: 'Streams over links that are slow, that cut and that fall silent',
}

const sse = { protocol: 'sse' } as const
/** Characters of two, three and four bytes: what pieces can go wrong with. One line: others judge lines. */
const text = `h\u00e9llo \u20ac \u{1f600} `.repeat(40)

const hard = [
  [
    'latency-down',
    latency({ ms: 150, direction: 'server-to-client' }),
    'every byte from the server is late',
    'oldest-client-only',
  ],
  [
    'latency-up',
    latency({ ms: 150, direction: 'client-to-server' }),
    'every byte to the server is late',
    'no-blank-line',
  ],
  [
    'throttle-down',
    throttle({ bytesPerSecond: 5000, direction: 'server-to-client' }),
    'the link is slow',
    'oldest-client-only',
  ],
  [
    'slices-down',
    slices({ size: 1, delayUs: 300, direction: 'server-to-client' }),
    'the stream comes byte by byte',
    'holds-blank-line',
  ],
  [
    'slices-up',
    slices({ size: 1, delayUs: 3000, direction: 'client-to-server' }),
    'the request comes byte by byte',
    'needs-whole-request',
  ],
] as const

export const delivers = hard.map(([name, fault, how, mutant]) =>
  check({
    id: `sse/faults/delivers-under-${name}`,
    title: `delivers an event as it does to others where ${how}`,
    level: 'MUST',
    clause: { spec: 'HTML', section: 'event-stream-interpretation' },
    topic: 'connection',
    needs: ['sse.publish'],
    // How long bytes took is the proof of the fault, and other checks publish on the same stream.
    ...(name.startsWith('latency') ? {} : { exclusive: 'time' as const, expectedDurationMs: 700 }),
    mutants: [mutant],
    async run({ underFault, subscribe, publish, nonce }) {
      const other = await subscribe()
      await underFault(
        fault,
        async (via) => {
          const [stream, mark] = [await subscribe({ via }), nonce()]
          await publish({ data: `${text} ${mark}` })
          const { data } = await other.expectEvent('the published event', (one) => one.data.includes(mark))
          await stream.expectEvent('the event as another stream gets it', (one) => one.data === data)
        },
        sse,
      )
    },
  }),
)

const severing = [
  [
    'fin',
    cutAfter({ bytes: 40, direction: 'server-to-client' }),
    'the link cut inside the head of its answer',
  ],
  ['rst', resetPeer({ afterMs: 20, direction: 'server-to-client' }), 'the link reset'],
  ['black-hole', blackHole({ direction: 'server-to-client' }), 'the link silenced'],
] as const

export const othersUnmoved = severing.map(([name, fault, how]) =>
  check({
    id: `sse/faults/others-unmoved-by-${name}`,
    title: `goes on serving its other clients when one has a connection that ${how}`,
    level: 'SHOULD',
    clause: { spec: 'STREAMPROOF', section: 'clients-independent' },
    topic: 'connection',
    needs: ['sse.events', 'sse.endless'],
    mutants: ['leaving-ends-all'],
    async run({ underFault, subscribe }) {
      const other = await subscribe()
      await underFault(fault, async (via) => void (await (await subscribe({ via })).expectDelivery()), sse)
      await other.expectDelivery()
    },
  }),
)

export const newcomer = severing.map(([name, fault, how]) =>
  check({
    id: `sse/faults/serves-again-after-${name}`,
    title: `serves a new stream at once to a client whose connection ${how}`,
    level: 'MUST',
    clause: { spec: 'HTML', section: 'the-eventsource-interface' },
    topic: 'reconnection',
    needs: ['sse.events'],
    mutants: ['oldest-client-only'],
    expectations: ['EXP-REC-2'],
    async run({ underFault, subscribe }) {
      const old = await subscribe()
      await underFault(fault, async (via) => void (await (await subscribe({ via })).expectDelivery()), sse)
      await (await subscribe()).expectDelivery()
      old.close()
    },
  }),
)

const offsets = [1, 9, 30, 100] as const

export const cutAfterHead = offsets.map((bytes) =>
  check({
    id: `sse/faults/cut-${bytes}-bytes-behind-head`,
    title: `lets a client that is cut off ${bytes} bytes behind the head come back, and serves whole events`,
    level: 'MUST',
    clause: { spec: 'HTML', section: 'event-stream-interpretation' },
    topic: 'connection',
    needs: ['sse.events'],
    mutants: ['no-blank-line'],
    async run({ underFault, subscribe }) {
      await underFault(
        ({ openedAtServerToClientBytes, serverToClientBytes }) =>
          cutAfter({
            bytes: Math.min((openedAtServerToClientBytes ?? 0) + bytes, serverToClientBytes - 1),
            direction: 'server-to-client',
          }),
        async (via) => void (await (await subscribe({ via })).expectDelivery()),
        sse,
      )
      await (await subscribe()).expectDelivery()
    },
  }),
)
