import { expect } from 'chai'
import { CrashIsolation } from '#run/schedule/crash-isolation'
import type { CrashIsolationHost } from '#run/schedule/crash-isolation'
import { Entry } from '#run/schedule/entry'
import type { DetectedCrash } from '#run/schedule/liveness-monitor'
import { fake } from '../fakes.ts'
import type { FakeKit } from '../fakes.ts'
import { attempt } from './attempts.ts'

/** What crash isolation asks, and what it is answered; or what it does, without an answer. */
type Step =
  | readonly [question: 'recovers', answer: boolean]
  /** Whether the target stays up for this long, in ms. */
  | readonly [question: `survives ${number}`, answer: boolean]
  /** Whether the target accepts so many connections. */
  | readonly [question: `accepts ${number}`, answer: boolean]
  /** Whether slower connections may help. */
  | readonly [question: 'slow down', answer: boolean]
  /** Runs a check alone; every attempt takes 40 ms and opens two connections. */
  | readonly [action: `attempt ${string}`]
  /** Counts the attempt at a check. */
  | readonly [action: `keep ${string}`]
  | readonly [action: `finding ${string}`]

interface Case {
  readonly title: string
  readonly crash?: Partial<DetectedCrash>
  /** The connections opened in the second before the crash. */
  readonly openings?: number
  readonly steps: readonly Step[]
  /** How each check ends up: `fail`, `inconclusive: …`, `again` (to be run again), `observed`. */
  readonly checks: Readonly<Record<string, string>>
}

const down = 'finding target crashed: it stopped accepting connections'
const onlyOnce =
  'inconclusive: target-crashed: the target crashed while this check was connected, but not when it was repeated alone'

/** One round of confirmation: the target stays up idle, crashes with the check, and stays up idle again. */
const confirmed = (name: string, idleMs: number): readonly Step[] => [
  ['recovers', true],
  [`survives ${idleMs}`, true],
  [`attempt ${name}`],
  ['survives 100', false],
  ['recovers', true],
  [`survives ${idleMs}`, true],
  ['accepts 4', true],
  ['survives 100', true],
]

const survived = (name: string): readonly Step[] => [
  [`attempt ${name}`],
  ['survives 100', true],
  [`keep ${name}`],
]

/** In each case `a` and `b` were connected at the crash; the target is known to have survived `old`. */
const cases: readonly Case[] = [
  {
    title: 'crashes each time that a check runs: that check fails, the other suspect runs again',
    steps: [
      ['recovers', true],
      ['attempt a'],
      ['survives 100', false],
      ...confirmed('a', 140),
      ...confirmed('a', 220),
      [down],
      ['finding target crashed during ws/fake/a'],
      ['recovers', true],
    ],
    checks: { a: 'fail', b: 'again', old: 'observed' },
  },
  {
    title: 'crashes with the second suspect: the first one keeps nothing of its repetition',
    steps: [
      ['recovers', true],
      ...survived('a'),
      ['attempt b'],
      ['survives 100', false],
      ...confirmed('b', 140),
      ...confirmed('b', 220),
      [down],
      ['finding target crashed during ws/fake/b'],
      ['recovers', true],
    ],
    checks: { a: 'again', b: 'fail', old: 'observed' },
  },
  {
    title: 'does not crash again: the suspects are inconclusive',
    openings: 10,
    steps: [
      ['recovers', true],
      ...survived('a'),
      ...survived('b'),
      ['accepts 20', true],
      ['survives 100', true],
      [down],
    ],
    checks: { a: onlyOnce, b: onlyOnce, old: 'observed' },
  },
  {
    title: 'gives the cause that its driver knows',
    crash: { cause: 'exited with status 134' },
    steps: [
      ['recovers', true],
      ...survived('a'),
      ...survived('b'),
      ['accepts 0', true],
      ['survives 100', true],
      ['finding target crashed: it exited with status 134'],
    ],
    checks: { a: onlyOnce, b: onlyOnce, old: 'observed' },
  },
  {
    title: 'restarted and does not crash again: the repetitions count',
    crash: { kind: 'restarted' },
    steps: [['recovers', true], ...survived('a'), ...survived('b')],
    checks: { a: 'observed', b: 'observed', old: 'observed' },
  },
  {
    title: 'does not accept as many connections as there were: it limits their rate, and all run again',
    openings: 30,
    steps: [
      ['recovers', true],
      ...survived('a'),
      ...survived('b'),
      ['accepts 60', false],
      ['slow down', true],
    ],
    checks: { a: 'again', b: 'again', old: 'observed' },
  },
  {
    title:
      'does not accept as many connections, and slowing down has not helped: the suspects are inconclusive',
    openings: 70,
    steps: [
      ['recovers', true],
      ...survived('a'),
      ...survived('b'),
      ['accepts 100', false],
      ['slow down', false],
      [down],
    ],
    checks: { a: onlyOnce, b: onlyOnce, old: 'observed' },
  },
  {
    title: 'also crashes while nothing is connected: no check is the cause',
    openings: 3,
    steps: [
      ['recovers', true],
      ['attempt a'],
      ['survives 100', false],
      ['recovers', true],
      ['survives 140', false],
      ['recovers', true],
      ['accepts 6', true],
      ['survives 100', true],
      [down],
    ],
    checks: { a: onlyOnce, b: onlyOnce, old: 'observed' },
  },
  {
    title: 'crashes only the second time that a check runs: no check is the cause',
    openings: 3,
    steps: [
      ['recovers', true],
      ['attempt a'],
      ['survives 100', false],
      ['recovers', true],
      ['survives 140', true],
      ['attempt a'],
      ['survives 100', true],
      ['recovers', true],
      ['accepts 6', true],
      ['survives 100', true],
      [down],
    ],
    checks: { a: onlyOnce, b: onlyOnce, old: 'observed' },
  },
  {
    title: 'does not accept as many connections as the check opened: the check is not the cause',
    openings: 3,
    steps: [
      ['recovers', true],
      ['attempt a'],
      ['survives 100', false],
      ...confirmed('a', 140).slice(0, -2),
      ['accepts 4', false],
      ['recovers', true],
      ['accepts 6', true],
      ['survives 100', true],
      [down],
    ],
    checks: { a: onlyOnce, b: onlyOnce, old: 'observed' },
  },
  {
    title: 'does not come back after a check was repeated: that check is named',
    steps: [
      ['recovers', true],
      ['attempt a'],
      ['survives 100', false],
      ['recovers', false],
      [down],
      ['finding target crashed and did not recover; the remaining checks are inconclusive'],
      ['finding target crashed during ws/fake/a'],
    ],
    checks: {
      a: 'inconclusive: target-crashed: the target crashed and did not recover',
      b: 'inconclusive: target-crashed: the target crashed and did not recover',
      old: 'inconclusive: target-crashed: the target crashed and did not recover',
    },
  },
  {
    title: 'does not come back at all: the suspects are named, and no check is judged',
    steps: [
      ['recovers', false],
      [down],
      ['finding target crashed and did not recover; the remaining checks are inconclusive'],
      [
        'finding checks connected at the crash or just before: ws/fake/a, ws/fake/b; run them one at a time with --only',
      ],
    ],
    checks: {
      a: 'inconclusive: target-crashed: the target crashed and did not recover',
      b: 'inconclusive: target-crashed: the target crashed and did not recover',
      old: 'inconclusive: target-crashed: the target crashed and did not recover',
    },
  },
]

const names = ['a', 'b', 'old'] as const
const declared = new Map(names.map((name) => [name as string, fake(name, () => undefined)]))
const observed = attempt({
  durationMs: 40,
  connections: [1, 2].map(() => ({ route: 'direct', openedAt: 0, endedAt: 40, ending: null })),
})

/** A host that answers as the steps say, and fails the test at the first question or action that is not next. */
function scripted({ crash, openings = 0, steps }: Case): {
  readonly entries: ReadonlyMap<string, Entry<FakeKit>>
  readonly host: CrashIsolationHost<FakeKit>
  readonly left: Step[]
} {
  const left = [...steps]
  const ask = (question: string): boolean => {
    const step = left.shift()
    expect(question).to.equal(step?.[0])
    return step?.[1] === true
  }
  const entries = new Map<string, Entry<FakeKit>>()
  for (const [name, check] of declared) {
    const entry = new Entry({ check, target: 0, notApplicable: null })
    entry.attempts.push(observed)
    entries.set(name, entry)
  }
  const nameOf = ({ check }: Entry<FakeKit>): string => check.id.replace('ws/fake/', '')
  const host: CrashIsolationHost<FakeKit> = {
    watch: {
      crash: { target: 0, kind: 'down', cause: null, ...crash },
      recentOpenings: openings,
      forgetCrash: () => undefined,
      recovers: async (withinMs) => {
        expect(withinMs).to.equal(20_000)
        return ask('recovers')
      },
      survives: async (ms) => ask(`survives ${ms}`),
      acceptsConnections: async (count) => ask(`accepts ${count}`),
    },
    timeScale: 2,
    isStopped: () => false,
    unsettled: () => [...entries.values()].filter((entry) => !entry.isFinal),
    survived: (entry) => nameOf(entry) === 'old',
    interruptAll: async () => undefined,
    attempt: async (entry) => {
      ask(`attempt ${nameOf(entry)}`)
      return observed
    },
    keep: (entry, kept) => {
      ask(`keep ${nameOf(entry)}`)
      entry.attempts.push(kept)
    },
    slowDown: () => ask('slow down'),
    finding: (text) => void ask(`finding ${text}`),
  }
  return { entries, host, left }
}

function stateOf(entry: Entry<FakeKit>): string {
  const outcome = entry.judged?.outcome
  if (outcome?.kind === 'violated') return 'fail'
  if (outcome?.kind === 'inconclusive') return `inconclusive: ${outcome.cause.message}`
  return entry.attempts.length === 0 ? 'again' : 'observed'
}

describe('crash isolation, when the target', () => {
  for (const example of cases) {
    it(example.title, async () => {
      const { entries, host, left } = scripted(example)
      await new CrashIsolation(host).handle()
      expect(left).to.deep.equal([])
      expect(Object.fromEntries([...entries].map(([name, entry]) => [name, stateOf(entry)]))).to.deep.equal(
        example.checks,
      )
      expect([...entries.values()].filter(({ lostAttempt }) => lostAttempt !== null)).to.deep.equal([])
    })
  }

  it('crashes for the eleventh time: it is not waited for any more', async () => {
    const restarts = Array.from({ length: 10 }, (): Step => ['recovers', true])
    const { entries, host, left } = scripted({
      title: '',
      crash: { kind: 'restarted' },
      steps: [
        ...restarts.flatMap((step) => [step, ...survived('a'), ...survived('b')]),
        ['finding target crashed more than 10 times; the remaining checks are inconclusive'],
        [
          'finding checks connected at the crash or just before: ws/fake/a, ws/fake/b; run them one at a time with --only',
        ],
      ],
      checks: {},
    })
    const isolation = new CrashIsolation(host)
    for (let crash = 0; crash < 11; crash += 1) await isolation.handle()
    expect(left).to.deep.equal([])
    expect([...entries.values()].map((entry) => stateOf(entry))).to.deep.equal(
      names.map(() => 'inconclusive: target-crashed: the target crashed more than 10 times'),
    )
  })
})
