import { check } from '#peers/kit'
import type { ResumePlan, Section } from '#peers/kit'

export const section: Section = {
  protocol: 'sse',
  order: 850,
  title: 'HTML 9.2.3: clients that reconnect',
}

interface Loss {
  readonly id: string
  readonly title: string
  readonly loss: ResumePlan['loss']
}

const losses: readonly Loss[] = [
  {
    id: 'sse/reconnection/prompt-after-fin',
    title: "accepts a client's first reconnect after a FIN",
    loss: { kind: 'cut', at: 'between-events' },
  },
  {
    id: 'sse/reconnection/prompt-after-rst',
    title: "accepts a client's first reconnect after a reset",
    loss: { kind: 'rst' },
  },
  {
    // The server has not noticed the loss: the old connection is still open on its side.
    id: 'sse/reconnection/prompt-after-black-hole',
    title: "accepts a client's first reconnect after the connection goes silent",
    loss: { kind: 'black-hole' },
  },
  {
    id: 'sse/reconnection/prompt-after-link-down',
    title: "accepts a client's first reconnect after the link was down",
    loss: { kind: 'down', ms: 100 },
  },
  {
    id: 'sse/reconnection/prompt-after-client-fin',
    title: "accepts a client's first reconnect after the client disconnects",
    loss: { kind: 'client-fin' },
  },
  {
    id: 'sse/reconnection/prompt-after-client-rst',
    title: "accepts a client's first reconnect after the client sends a reset",
    loss: { kind: 'client-rst' },
  },
]

export const prompt = losses.map(({ id, title, loss }) =>
  check({
    id,
    title,
    level: 'SHOULD',
    clause: { spec: 'STREAMPROOF', section: 'prompt-reconnect' },
    topic: 'reconnection',
    // Events that differ between clients cannot be compared with a witness, and a stream that ends by itself also
    // ends the witness.
    needs: ['sse.events', 'sse.ids', 'sse.shared-ids', 'sse.endless'],
    mutants: ['refuse-reconnect', 'slow-reconnect'],
    expectations: ['EXP-REC-2'],
    async run({ resume }) {
      const outcome = await resume({ loss, gap: 1, race: 0, after: 1 })
      outcome.expectPromptReconnect()
    },
  }),
)

export const eventSourceReturns = check({
  id: 'sse/reconnection/eventsource-returns',
  title: 'serves an EventSource that reconnects after the link was down',
  level: 'MUST',
  clause: { spec: 'HTML', section: 'sse-processing-model' },
  topic: 'reconnection',
  needs: ['sse.publish', 'sse.ids', 'sse.endless'],
  mutants: ['refuse-reconnect', 'slow-reconnect'],
  expectations: ['EXP-REC-2'],
  async run({ clients, publish, nonce, expect }) {
    const [before, after] = [nonce(), nonce()]
    const { events, opens } = await clients.eventSource({
      onOpen: () => publish({ data: before }),
      onReconnect: () => publish({ data: after }),
      whileLinkDown: async () => {},
      until: (seen) => seen.some(({ data }) => data.includes(after)),
    })
    expect(opens > 1, 'a second stream for the reconnecting client', 'the client was not served')
    expect(
      events.some(({ data }) => data.includes(after)),
      'an event over the second stream',
      'no event',
    )
  },
})

export const eventSourceResumes = check({
  id: 'sse/reconnection/eventsource-resumes',
  title: 'sends a reconnecting EventSource missed events once and in order',
  level: 'MUST',
  clause: { spec: 'EXPECTATIONS', section: 'EXP-REC-3' },
  topic: 'reconnection',
  needs: ['sse.publish', 'sse.ids', 'sse.shared-ids', 'sse.endless', 'sse.resume'],
  mutants: ['resume-inclusive', 'resume-loses-first', 'resume-reversed'],
  expectations: ['EXP-REC-2', 'EXP-REC-3'],
  async run({ clients, publish, inSequence, nonce, expect }) {
    const published = Array.from({ length: 5 }, () => nonce())
    const { events } = await clients.eventSource({
      onOpen: () => publish({ data: published[0] ?? '' }),
      whileLinkDown: async () =>
        void (await inSequence(3, (index) => publish({ data: published[index + 1] ?? '' }))),
      onReconnect: () => publish({ data: published[4] ?? '' }),
      until: (seen) => seen.some(({ data }) => data.includes(published[4] ?? '')),
    })
    const received = events.flatMap(({ data }) => published.filter((marker) => data.includes(marker)))
    expect(
      received.join() === published.join(),
      'every event once and in order',
      'an event is missing, repeated or out of order',
    )
  },
})
