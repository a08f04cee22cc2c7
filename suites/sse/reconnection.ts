import { check } from '#peers/kit'
import type { ResumePlan, Section } from '#peers/kit'

export const section: Section = {
  protocol: 'sse',
  order: 850,
  title: 'HTML 9.2.3: clients that come back',
}

const losses: readonly (readonly [name: string, loss: ResumePlan['loss'], after: string])[] = [
  ['fin', { kind: 'cut', at: 'between-events' }, 'its stream ended by FIN'],
  ['rst', { kind: 'rst' }, 'its stream was reset'],
  ['black-hole', { kind: 'black-hole' }, 'the link fell silent, while its old connection stands'],
  ['link-down', { kind: 'down', ms: 100 }, 'the link was down'],
  ['client-fin', { kind: 'client-fin' }, 'it hung up'],
  ['client-rst', { kind: 'client-rst' }, 'it reset its connection'],
]

export const prompt = losses.map(([name, loss, after]) =>
  check({
    id: `sse/reconnection/prompt-after-${name}`,
    title: `takes a client back at its first attempt after ${after}`,
    level: 'SHOULD',
    clause: { spec: 'STREAMPROOF', section: 'prompt-reconnect' },
    topic: 'reconnection',
    // What each client gets for itself can be compared with no witness.
    // A stream that ends by itself takes the witness along.
    needs: ['sse.events', 'sse.ids', 'sse.shared-ids', 'sse.endless'],
    mutants: ['refuse-comeback', 'slow-comeback'],
    expectations: ['EXP-REC-2'],
    async run({ resume }) {
      const outcome = await resume({ loss, gap: 1, race: 0, after: 1 })
      outcome.expectPromptReconnect()
    },
  }),
)

export const eventSourceReturns = check({
  id: 'sse/reconnection/eventsource-returns',
  title: 'serves an EventSource that comes back by itself when the link was down',
  level: 'MUST',
  clause: { spec: 'HTML', section: 'sse-processing-model' },
  topic: 'reconnection',
  needs: ['sse.publish', 'sse.ids', 'sse.endless'],
  mutants: ['refuse-comeback', 'slow-comeback'],
  expectations: ['EXP-REC-2'],
  async run({ clients, publish, nonce, expect }) {
    const [before, after] = [nonce(), nonce()]
    const { events, opens } = await clients.undiciEventSource({
      onOpen: () => publish({ data: before }),
      onReconnect: () => publish({ data: after }),
      whileLinkDown: async () => {},
      until: (seen) => seen.some(({ data }) => data.includes(after)),
    })
    expect(opens > 1, 'a second stream for the client that comes back', 'it was not served')
    expect(
      events.some(({ data }) => data.includes(after)),
      'an event over the second stream',
      'none came',
    )
  },
})

export const eventSourceResumes = check({
  id: 'sse/reconnection/eventsource-resumes',
  title: 'gives an EventSource that comes back what was published meanwhile, once and in order',
  level: 'MUST',
  clause: { spec: 'EXPECTATIONS', section: 'EXP-REC-3' },
  topic: 'reconnection',
  needs: ['sse.publish', 'sse.ids', 'sse.shared-ids', 'sse.endless', 'sse.resume'],
  mutants: ['resume-inclusive', 'resume-loses-first', 'resume-reversed'],
  expectations: ['EXP-REC-2', 'EXP-REC-3'],
  async run({ clients, publish, inSequence, nonce, expect }) {
    const sent = Array.from({ length: 5 }, () => nonce())
    const { events } = await clients.undiciEventSource({
      onOpen: () => publish({ data: sent[0] ?? '' }),
      whileLinkDown: async () =>
        void (await inSequence(3, (index) => publish({ data: sent[index + 1] ?? '' }))),
      onReconnect: () => publish({ data: sent[4] ?? '' }),
      until: (seen) => seen.some(({ data }) => data.includes(sent[4] ?? '')),
    })
    const own = events.flatMap(({ data }) => sent.filter((mark) => data.includes(mark)))
    expect(
      own.join() === sent.join(),
      'every event once and in order',
      'an event is missing, twice or out of order',
    )
  },
})
