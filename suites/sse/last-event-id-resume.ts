import { check } from '#peers/kit'
import type { CutPlace, ResumePlan, Section } from '#peers/kit'
import { latency, slices, throttle } from '#proxies/faults'

export const section: Section = {
  protocol: 'sse',
  order: 800,
  title: 'HTML 9.2.4: Last-Event-ID, judged against a witness',
}

/** All that a resume is about. A server that does none of it has no capability `sse.resume`. */
const resuming = {
  level: 'MUST',
  clause: { spec: 'EXPECTATIONS', section: 'EXP-REC-3' },
  topic: 'reconnection',
  expectations: ['EXP-REC-3'],
} as const

/** A stream that ends by itself takes the witness along, and with it the truth. */
const watched = ['sse.events', 'sse.ids', 'sse.shared-ids', 'sse.endless'] as const
const needs = [...watched, 'sse.resume'] as const
const hangUp = { kind: 'client-fin' } as const

export const replays = check({
  ...resuming,
  id: 'sse/resume/replays',
  title: 'replays what a client missed, when the client brings the id of the last event that it saw',
  level: 'SHOULD',
  clause: { spec: 'HTML', section: 'the-last-event-id-header' },
  needs: [...watched],
  mutants: ['resume-live-only', 'resume-last-only'],
  async run({ resume }) {
    const outcome = await resume({ loss: hangUp })
    outcome.expectNothingLost()
  },
})

const places: readonly (readonly [at: CutPlace, where: string, mutant: string])[] = [
  ['between-events', 'between two events', 'resume-loses-first'],
  ['in-field-name', 'inside a field name', 'resume-inclusive'],
  ['in-id', 'inside an id', 'resume-last-only'],
  ['in-data', 'inside the data of an event', 'resume-everything'],
  ['in-character', 'inside a character of several bytes', 'resume-twice'],
  ['before-blank-line', 'behind the last field of an event', 'resume-reversed'],
  ['in-blank-line', 'inside the empty line that ends an event', 'resume-loses-last'],
]

export const afterCut = places.map(([at, where, mutant]) =>
  check({
    ...resuming,
    id: `sse/resume/cut-${at}`,
    title: `resumes with nothing lost, nothing twice and in order after a FIN ${where}`,
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

const losses: readonly (readonly [name: string, loss: ResumePlan['loss'], after: string, mutant: string])[] =
  [
    ['rst', { kind: 'rst' }, 'a RST by the link', 'resume-last-only'],
    [
      'black-hole',
      { kind: 'black-hole' },
      'a link that falls silent, while the old connection stands',
      'resume-loses-first',
    ],
    ['link-down', { kind: 'down', ms: 250 }, 'a link that was down', 'resume-reversed'],
    ['client-fin', { kind: 'client-fin' }, 'the client hung up', 'resume-inclusive'],
    ['client-rst', { kind: 'client-rst' }, 'the client reset the connection', 'resume-loses-last'],
  ]

export const afterLoss = losses.map(([name, loss, after, mutant]) =>
  check({
    ...resuming,
    id: `sse/resume/after-${name}`,
    title: `resumes with nothing lost, nothing twice and in order after ${after}`,
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

const waysBack = [
  [
    'slices-down',
    slices({ size: 1, delayUs: 100, direction: 'server-to-client' }),
    'its answer comes byte by byte',
  ],
  [
    'slices-up',
    slices({ size: 1, delayUs: 3000, direction: 'client-to-server' }),
    'its request comes byte by byte',
  ],
  ['latency', latency({ ms: 150, direction: 'server-to-client' }), 'every answer is late'],
  ['throttle', throttle({ bytesPerSecond: 10_000, direction: 'server-to-client' }), 'the link is slow'],
] as const

export const underFault = waysBack.map(([name, fault, how]) =>
  check({
    ...resuming,
    id: `sse/resume/under-${name}`,
    title: `resumes with nothing lost, nothing twice and in order where ${how}`,
    needs: [...needs],
    // How long bytes took is the proof of the fault, and other checks publish on the same stream.
    ...(name.startsWith('latency') ? {} : { exclusive: 'time' as const, expectedDurationMs: 700 }),
    mutants: ['resume-inclusive', 'resume-loses-first'],
    async run({ resume }) {
      const outcome = await resume({ loss: hangUp, reconnectUnder: fault, race: 0 })
      outcome.expectNothingLost()
      outcome.expectNothingTwice()
      outcome.expectOrder()
    },
  }),
)

export const gap = check({
  ...resuming,
  id: 'sse/resume/gap',
  title: 'replays every event that was sent while the client was away, more than nine of them',
  needs: [...needs],
  mutants: ['resume-by-text', 'short-history'],
  async run({ resume }) {
    const outcome = await resume({ loss: hangUp, gap: 12, race: 0 })
    outcome.expectNothingLost()
    outcome.expectNothingTwice()
  },
})

export const race = check({
  ...resuming,
  id: 'sse/resume/race',
  title: 'loses nothing that is sent while the client reconnects',
  needs: [...needs, 'sse.publish'],
  mutants: ['resume-gap', 'resume-without-live'],
  async run({ resume }) {
    const outcome = await resume({ loss: hangUp, race: 8 })
    outcome.expectNothingLost()
  },
})

export const raceOnce = check({
  ...resuming,
  id: 'sse/resume/race-once',
  title: 'sends nothing twice of what is sent while the client reconnects',
  needs: [...needs, 'sse.publish'],
  mutants: ['resume-overlap'],
  async run({ resume }) {
    const outcome = await resume({ loss: hangUp, race: 8 })
    outcome.expectNothingTwice()
  },
})

export const raceOrder = check({
  ...resuming,
  id: 'sse/resume/race-order',
  title: 'sends what was missed before what is new',
  needs: [...needs, 'sse.publish'],
  mutants: ['resume-live-first', 'resume-reversed'],
  async run({ resume }) {
    const outcome = await resume({ loss: hangUp, race: 8 })
    outcome.expectOrder()
  },
})

export const unaltered = check({
  ...resuming,
  id: 'sse/resume/unaltered',
  title: 'replays data of several lines, and characters outside ASCII, as they were',
  needs: [...needs, 'sse.publish'],
  mutants: ['resume-altered'],
  async run({ resume }) {
    const outcome = await resume({ loss: hangUp, data: (index) => `\u00e9\n\u20ac\n\u{1f600} ${index}` })
    outcome.expectNothingLost()
    outcome.expectUnaltered()
  },
})

export const sameIds = check({
  ...resuming,
  id: 'sse/resume/same-ids',
  title: 'replays an event under the id that it had at first',
  needs: [...needs],
  mutants: ['resume-renumbered'],
  async run({ resume, expect }) {
    const outcome = await resume({ loss: hangUp, gap: 4 })
    const ids = new Set(outcome.witness.map((event) => event.id))
    const foreign = outcome.client.filter((event) => !ids.has(event.id))
    expect(foreign.length === 0, 'the ids that the witness saw', 'a replayed event has another id')
  },
})

export const sameNames = check({
  ...resuming,
  id: 'sse/resume/same-names',
  title: 'replays an event under the name that it had at first',
  needs: [...needs, 'sse.publish.event'],
  mutants: ['resume-unnamed'],
  async run({ resume }) {
    const outcome = await resume({ loss: hangUp, event: 'streamproof' })
    outcome.expectNothingLost()
    outcome.expectUnaltered()
  },
})

export const again = check({
  ...resuming,
  id: 'sse/resume/again-and-again',
  title: 'resumes with nothing lost, nothing twice and in order when the stream is lost five times',
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
  title: 'resumes with nothing lost, nothing twice and in order when the replay itself is cut, twice',
  needs: [...needs],
  mutants: ['resume-inclusive', 'resume-last-only'],
  async run({ resume }) {
    const outcome = await resume({ loss: { kind: 'cut', at: 'in-data' }, losses: 3 })
    outcome.expectNothingLost()
    outcome.expectNothingTwice()
    outcome.expectOrder()
  },
})
