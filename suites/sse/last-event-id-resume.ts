import { check } from '#peers/kit'
import type { CutPlace, ResumePlan, Section } from '#peers/kit'
import { latency, slices, throttle } from '#proxies/faults'

export const section: Section = {
  protocol: 'sse',
  order: 800,
  title: 'HTML 9.2.4: Last-Event-ID, judged against a witness',
}

/** What every check of a resume shares. A server without any replay lacks the capability `sse.resume`. */
const resuming = {
  level: 'MUST',
  clause: { spec: 'EXPECTATIONS', section: 'EXP-REC-3' },
  topic: 'reconnection',
  expectations: ['EXP-REC-3'],
} as const

/** Needed to judge by a witness: a stream that ends by itself would also end the witness. */
const witnessed = ['sse.events', 'sse.ids', 'sse.shared-ids', 'sse.endless'] as const
const needs = [...witnessed, 'sse.resume'] as const
const clientFin = { kind: 'client-fin' } as const

export const replays = check({
  ...resuming,
  id: 'sse/resume/replays',
  title: "replays the events that followed the client's Last-Event-ID",
  level: 'SHOULD',
  clause: { spec: 'HTML', section: 'the-last-event-id-header' },
  needs: [...witnessed],
  mutants: ['resume-live-only', 'resume-last-only'],
  async run({ resume }) {
    const outcome = await resume({ loss: clientFin })
    outcome.expectNothingLost()
  },
})

interface Cut {
  readonly id: string
  readonly title: string
  readonly at: CutPlace
  readonly mutant: string
}

const cuts: readonly Cut[] = [
  {
    id: 'sse/resume/cut-between-events',
    title: 'replays missed events once, in order, after a cut between events',
    at: 'between-events',
    mutant: 'resume-loses-first',
  },
  {
    id: 'sse/resume/cut-in-field-name',
    title: 'replays missed events once, in order, after a cut in a field name',
    at: 'in-field-name',
    mutant: 'resume-inclusive',
  },
  {
    id: 'sse/resume/cut-in-id',
    title: 'replays missed events once, in order, after a cut in an id',
    at: 'in-id',
    mutant: 'resume-last-only',
  },
  {
    id: 'sse/resume/cut-in-data',
    title: 'replays missed events once, in order, after a cut in event data',
    at: 'in-data',
    mutant: 'resume-everything',
  },
  {
    id: 'sse/resume/cut-in-character',
    title: 'replays missed events once, in order, after a cut in a character',
    at: 'in-character',
    mutant: 'resume-twice',
  },
  {
    id: 'sse/resume/cut-before-blank-line',
    title: 'replays missed events once, in order, after a cut before a blank line',
    at: 'before-blank-line',
    mutant: 'resume-reversed',
  },
  {
    id: 'sse/resume/cut-in-blank-line',
    title: 'replays missed events once, in order, after a cut in a blank line',
    at: 'in-blank-line',
    mutant: 'resume-loses-last',
  },
]

export const afterCut = cuts.map(({ id, title, at, mutant }) =>
  check({
    ...resuming,
    id,
    title,
    // Only a published event is sure to hold a character of several bytes.
    needs: at === 'in-character' ? [...needs, 'sse.publish'] : [...needs],
    mutants: [mutant],
    async run({ resume }) {
      const outcome = await resume({ loss: { kind: 'cut', at } })
      outcome.expectNothingLost()
      outcome.expectNothingTwice()
      outcome.expectOrder()
    },
  }),
)

interface Loss {
  readonly id: string
  readonly title: string
  readonly loss: ResumePlan['loss']
  readonly mutant: string
}

const losses: readonly Loss[] = [
  {
    id: 'sse/resume/after-rst',
    title: 'replays missed events once, in order, after a reset by the proxy',
    loss: { kind: 'rst' },
    mutant: 'resume-last-only',
  },
  {
    // The server has not noticed the loss: the old connection is still open on its side.
    id: 'sse/resume/after-black-hole',
    title: 'replays missed events once, in order, after the stream goes silent',
    loss: { kind: 'black-hole' },
    mutant: 'resume-loses-first',
  },
  {
    id: 'sse/resume/after-link-down',
    title: 'replays missed events once, in order, after the link was down',
    loss: { kind: 'down', ms: 250 },
    mutant: 'resume-reversed',
  },
  {
    id: 'sse/resume/after-client-fin',
    title: 'replays missed events once, in order, after the client disconnects',
    loss: clientFin,
    mutant: 'resume-inclusive',
  },
  {
    id: 'sse/resume/after-client-rst',
    title: 'replays missed events once, in order, after the client resets',
    loss: { kind: 'client-rst' },
    mutant: 'resume-loses-last',
  },
]

export const afterLoss = losses.map(({ id, title, loss, mutant }) =>
  check({
    ...resuming,
    id,
    title,
    needs: [...needs],
    mutants: [mutant],
    async run({ resume }) {
      const outcome = await resume({ loss })
      outcome.expectNothingLost()
      outcome.expectNothingTwice()
      outcome.expectOrder()
    },
  }),
)

/** The proof of these faults is how long bytes took; concurrent checks would publish on the same stream. */
const timed = { exclusive: 'time', expectedDurationMs: 700 } as const

const reconnectFaults = [
  {
    id: 'sse/resume/under-slices-server-to-client',
    title: 'replays missed events once, in order, when the response is sliced',
    fault: slices({ size: 1, delayUs: 100, direction: 'server-to-client' }),
    scheduling: timed,
  },
  {
    id: 'sse/resume/under-slices-client-to-server',
    title: 'replays missed events once, in order, when the request is sliced',
    fault: slices({ size: 1, delayUs: 3000, direction: 'client-to-server' }),
    scheduling: timed,
  },
  {
    id: 'sse/resume/under-latency',
    title: 'replays missed events once, in order, when responses are delayed',
    fault: latency({ ms: 150, direction: 'server-to-client' }),
    scheduling: {},
  },
  {
    id: 'sse/resume/under-throttle',
    title: 'replays missed events once, in order, when responses are throttled',
    fault: throttle({ bytesPerSecond: 10_000, direction: 'server-to-client' }),
    scheduling: timed,
  },
] as const

export const underFault = reconnectFaults.map(({ id, title, fault, scheduling }) =>
  check({
    ...resuming,
    id,
    title,
    needs: [...needs],
    ...scheduling,
    mutants: ['resume-inclusive', 'resume-loses-first'],
    async run({ resume }) {
      const outcome = await resume({ loss: clientFin, reconnectUnder: fault, race: 0 })
      outcome.expectNothingLost()
      outcome.expectNothingTwice()
      outcome.expectOrder()
    },
  }),
)

export const gap = check({
  ...resuming,
  id: 'sse/resume/gap',
  // More than nine, so that ids compared as text are found out.
  title: 'replays all of twelve missed events, each once',
  needs: [...needs],
  mutants: ['resume-by-text', 'short-history'],
  async run({ resume }) {
    const outcome = await resume({ loss: clientFin, gap: 12, race: 0 })
    outcome.expectNothingLost()
    outcome.expectNothingTwice()
  },
})

export const race = check({
  ...resuming,
  id: 'sse/resume/race',
  title: 'loses no event that is sent while the client reconnects',
  needs: [...needs, 'sse.publish'],
  mutants: ['resume-gap', 'resume-without-live'],
  async run({ resume }) {
    const outcome = await resume({ loss: clientFin, race: 8 })
    outcome.expectNothingLost()
  },
})

export const raceOnce = check({
  ...resuming,
  id: 'sse/resume/race-once',
  title: 'repeats no event that is sent while the client reconnects',
  needs: [...needs, 'sse.publish'],
  mutants: ['resume-overlap'],
  async run({ resume }) {
    const outcome = await resume({ loss: clientFin, race: 8 })
    outcome.expectNothingTwice()
  },
})

export const raceOrder = check({
  ...resuming,
  id: 'sse/resume/race-order',
  title: 'sends missed events before new events',
  needs: [...needs, 'sse.publish'],
  mutants: ['resume-live-first', 'resume-reversed'],
  async run({ resume }) {
    const outcome = await resume({ loss: clientFin, race: 8 })
    outcome.expectOrder()
  },
})

export const unaltered = check({
  ...resuming,
  id: 'sse/resume/unaltered',
  title: 'replays multi-line and non-ASCII data unchanged',
  needs: [...needs, 'sse.publish'],
  mutants: ['resume-altered'],
  async run({ resume }) {
    const outcome = await resume({
      loss: clientFin,
      data: (index) => `\u00e9\n\u20ac\n\u{1f600} ${index}`,
    })
    outcome.expectNothingLost()
    outcome.expectUnaltered()
  },
})

export const sameIds = check({
  ...resuming,
  id: 'sse/resume/same-ids',
  title: 'replays events with their original ids',
  needs: [...needs],
  mutants: ['resume-renumbered'],
  async run({ resume, expect }) {
    const outcome = await resume({ loss: clientFin, gap: 4 })
    const ids = new Set(outcome.witness.map((event) => event.id))
    const foreign = outcome.client.filter((event) => !ids.has(event.id))
    expect(foreign.length === 0, 'the ids that the witness received', 'a replayed event with a different id')
  },
})

export const sameNames = check({
  ...resuming,
  id: 'sse/resume/same-names',
  title: 'replays events with their original event names',
  needs: [...needs, 'sse.publish.event'],
  mutants: ['resume-unnamed'],
  async run({ resume }) {
    const outcome = await resume({ loss: clientFin, event: 'streamproof' })
    outcome.expectNothingLost()
    outcome.expectUnaltered()
  },
})

export const again = check({
  ...resuming,
  id: 'sse/resume/again-and-again',
  title: 'replays missed events once, in order, over five reconnects',
  needs: [...needs],
  mutants: ['resume-inclusive', 'resume-loses-last'],
  async run({ resume }) {
    const outcome = await resume({ loss: { kind: 'client-rst' }, losses: 5, gap: 2 })
    outcome.expectNothingLost()
    outcome.expectNothingTwice()
    outcome.expectOrder()
  },
})

export const lostAgain = check({
  ...resuming,
  id: 'sse/resume/cut-in-replay',
  title: 'replays missed events once, in order, when the replay is cut twice',
  needs: [...needs],
  mutants: ['resume-inclusive', 'resume-last-only'],
  async run({ resume }) {
    const outcome = await resume({ loss: { kind: 'cut', at: 'in-data' }, losses: 3 })
    outcome.expectNothingLost()
    outcome.expectNothingTwice()
    outcome.expectOrder()
  },
})
