import { check } from '#peers/kit'
import type { Section } from '#peers/kit'
import { blackHole, cutAfter, latency, resetPeer, slices, throttle } from '#proxies/faults'

export const section: Section = {
  protocol: 'sse',
  order: 900,
  title: 'Event streams over slow, cut and silent connections',
}

const sse = { protocol: 'sse' } as const
/** Characters of two, three and four bytes, which can be split between segments. One line: other checks judge lines. */
const text = `h\u00e9llo \u20ac \u{1f600} `.repeat(40)

/** The proof of these faults is how long bytes took; concurrent checks would publish on the same stream. */
const timed = { exclusive: 'time', expectedDurationMs: 700 } as const

const degradations = [
  {
    id: 'sse/faults/delivers-under-latency-server-to-client',
    title: 'delivers the same event when server-to-client bytes are delayed',
    fault: latency({ ms: 150, direction: 'server-to-client' }),
    scheduling: {},
    mutant: 'oldest-client-only',
  },
  {
    id: 'sse/faults/delivers-under-latency-client-to-server',
    title: 'delivers the same event when client-to-server bytes are delayed',
    fault: latency({ ms: 150, direction: 'client-to-server' }),
    scheduling: {},
    mutant: 'no-blank-line',
  },
  {
    id: 'sse/faults/delivers-under-throttle-server-to-client',
    title: 'delivers the same event when server-to-client bytes are throttled',
    fault: throttle({ bytesPerSecond: 5000, direction: 'server-to-client' }),
    scheduling: timed,
    mutant: 'oldest-client-only',
  },
  {
    id: 'sse/faults/delivers-under-slices-server-to-client',
    title: 'delivers the same event when the stream arrives in 1-byte segments',
    fault: slices({ size: 1, delayUs: 300, direction: 'server-to-client' }),
    scheduling: timed,
    mutant: 'holds-blank-line',
  },
  {
    id: 'sse/faults/delivers-under-slices-client-to-server',
    title: 'delivers the same event when the request arrives in 1-byte segments',
    fault: slices({ size: 1, delayUs: 3000, direction: 'client-to-server' }),
    scheduling: timed,
    mutant: 'needs-whole-request',
  },
] as const

export const delivers = degradations.map(({ id, title, fault, scheduling, mutant }) =>
  check({
    id,
    title,
    level: 'MUST',
    clause: { spec: 'HTML', section: 'event-stream-interpretation' },
    topic: 'connection',
    needs: ['sse.publish'],
    ...scheduling,
    mutants: [mutant],
    async run({ underFault, subscribe, publish, nonce }) {
      const unfaulted = await subscribe()
      await underFault(
        fault,
        async (via) => {
          const [stream, marker] = [await subscribe({ via }), nonce()]
          await publish({ data: `${text} ${marker}` })
          const { data } = await unfaulted.expectEvent('the published event', (event) =>
            event.data.includes(marker),
          )
          await stream.expectEvent('the event as another stream received it', (event) => event.data === data)
        },
        sse,
      )
    },
  }),
)

const losses = {
  fin: cutAfter({ bytes: 40, direction: 'server-to-client' }),
  rst: resetPeer({ afterMs: 20, direction: 'server-to-client' }),
  blackHole: blackHole({ direction: 'server-to-client' }),
}

const isolated = [
  {
    id: 'sse/faults/other-clients-unaffected-by-fin',
    title: 'keeps serving other clients when one is cut off in its response head',
    fault: losses.fin,
  },
  {
    id: 'sse/faults/other-clients-unaffected-by-rst',
    title: 'keeps serving other clients when one connection is reset',
    fault: losses.rst,
  },
  {
    id: 'sse/faults/other-clients-unaffected-by-black-hole',
    title: 'keeps serving other clients when one connection goes silent',
    fault: losses.blackHole,
  },
] as const

export const otherClientsUnaffected = isolated.map(({ id, title, fault }) =>
  check({
    id,
    title,
    level: 'SHOULD',
    clause: { spec: 'STREAMPROOF', section: 'clients-independent' },
    topic: 'connection',
    needs: ['sse.events', 'sse.endless'],
    mutants: ['disconnect-ends-all'],
    async run({ underFault, subscribe }) {
      const other = await subscribe()
      await underFault(fault, async (via) => void (await (await subscribe({ via })).expectDelivery()), sse)
      await other.expectDelivery()
    },
  }),
)

const reopened = [
  {
    id: 'sse/faults/serves-again-after-fin',
    title: 'serves a new stream at once after one is cut in its response head',
    fault: losses.fin,
  },
  {
    id: 'sse/faults/serves-again-after-rst',
    title: 'serves a new stream at once after a connection is reset',
    fault: losses.rst,
  },
  {
    id: 'sse/faults/serves-again-after-black-hole',
    title: 'serves a new stream at once after a connection goes silent',
    fault: losses.blackHole,
  },
] as const

export const servesAgain = reopened.map(({ id, title, fault }) =>
  check({
    id,
    title,
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

const cuts = [
  {
    id: 'sse/faults/cut-1-byte-after-head',
    title: 'serves whole events after a cut 1 byte after a response head',
    bytes: 1,
  },
  {
    id: 'sse/faults/cut-9-bytes-after-head',
    title: 'serves whole events after a cut 9 bytes after a response head',
    bytes: 9,
  },
  {
    id: 'sse/faults/cut-30-bytes-after-head',
    title: 'serves whole events after a cut 30 bytes after a response head',
    bytes: 30,
  },
  {
    id: 'sse/faults/cut-100-bytes-after-head',
    title: 'serves whole events after a cut 100 bytes after a response head',
    bytes: 100,
  },
] as const

export const cutAfterHead = cuts.map(({ id, title, bytes }) =>
  check({
    id,
    title,
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
