import { connects, flow, idleMemory, lateness, roundTrips } from './load.ts'
import type { Ports, Subject, Toxics, Way } from './ways.ts'

type Figures = Readonly<Record<string, number>>
export type Round = Readonly<Partial<Record<Way, Figures>>>

/** A line of the table: computed for each round, of which the median counts, or the least. */
export interface Line {
  readonly name: string
  /** Undefined where a way that it takes is missing. */
  readonly of: (round: Round) => number | undefined
  readonly take?: 'median' | 'least'
  readonly unit: 'x' | 'ms' | '%'
  readonly goal: string
}

export interface Measure {
  readonly name: string
  readonly unit: string
  readonly toxics?: Toxics
  /** Without it, proxies only: a figure of its own without a proxy makes no sense. */
  readonly direct?: boolean
  /** New processes for each round: memory that was used once would be used again unseen. */
  readonly fresh?: boolean
  readonly run: (ports: Ports, subject: Subject) => Promise<Figures>
  readonly lines: readonly Line[]
}

const over = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a / b

/** Ratio of one figure to that of the real server; a bare pipe for orientation. */
const ratios = (key: string, goal: string): readonly Line[] => [
  {
    name: 'embedded / real',
    of: ({ embedded, real }) => over(embedded?.[key], real?.[key]),
    unit: 'x',
    goal,
  },
  { name: 'bare pipe / real', of: ({ bare, real }) => over(bare?.[key], real?.[key]), unit: 'x', goal: '' },
]

const throughput = (connections: number, goal: string, toxics?: Toxics): Measure => ({
  name: `throughput-${connections}${toxics === undefined ? '' : `-${toxics[0]?.type}`}`,
  unit: 'MB/s',
  ...(toxics === undefined ? {} : { toxics }),
  run: async ({ flood }) => ({ rate: await flow(flood, connections, 1000) }),
  lines: ratios('rate', goal),
})

const added = (round: Round, way: Way, key: string): number | undefined => {
  const [there, without] = [round[way]?.[key], round.direct?.[key]]
  return there === undefined || without === undefined ? undefined : there - without
}

const addedLine = (key: string, way: Way, name: string, goal: string): Line => ({
  name: `added ${key}, ${name} / real`,
  of: (round) => over(added(round, way, key), added(round, 'real', key)),
  unit: 'x',
  goal,
})

const latencyOf = (connections: number, goal: string): Measure => ({
  name: `latency-100ms-${connections}`,
  unit: 'ms late',
  direct: false,
  toxics: [{ type: 'latency', attributes: { latency: 100, jitter: 0 } }],
  run: ({ echo }) => lateness(echo, connections, 10),
  lines: [
    { name: 'embedded p50', of: ({ embedded }) => embedded?.['p50'], unit: 'ms', goal },
    { name: 'real p50', of: ({ real }) => real?.['p50'], unit: 'ms', goal: '' },
    {
      name: 'embedded earliest',
      of: ({ embedded }) => embedded?.['earliest'],
      take: 'least',
      unit: 'ms',
      goal: '>= 0',
    },
  ],
})

const offBy = (figures: Figures | undefined): number | undefined =>
  figures === undefined ? undefined : ((figures['rate'] ?? 0) / 1000 - 1) * 100

export const measures: readonly Measure[] = [
  throughput(1, '>= 1.35x'),
  throughput(100, '>= 1.00x'),
  throughput(1, '>= 1.00x', [{ type: 'latency', attributes: { latency: 1, jitter: 0 } }]),
  throughput(1, '>= 1.00x', [{ type: 'bandwidth', attributes: { rate: 10_000_000 } }]),
  {
    name: 'round-trip',
    unit: 'harness',
    run: ({ echo }) => roundTrips(echo, 4000),
    lines: [
      addedLine('p50', 'embedded', 'embedded', '<= 0.60x'),
      addedLine('p99', 'embedded', 'embedded', '<= 0.70x'),
      addedLine('p50', 'bare', 'bare pipe', ''),
    ],
  },
  {
    name: 'connects',
    unit: '/s',
    run: async ({ echo }) => ({ rate: await connects(echo, 4000, 32) }),
    lines: ratios('rate', '>= 1.30x'),
  },
  {
    name: 'idle-memory',
    unit: 'KB per connection',
    direct: false,
    fresh: true,
    run: async ({ echo }, { way, process: child }) => ({
      memory: await idleMemory(
        echo,
        5000,
        child?.pid ?? 0,
        way === 'real' ? undefined : () => child?.kill('SIGUSR2'),
      ),
    }),
    lines: ratios('memory', '<= 0.35x'),
  },
  latencyOf(1, '<= 1.0'),
  latencyOf(20, '<= 1.5'),
  {
    name: 'bandwidth-1000',
    unit: 'KB/s',
    direct: false,
    toxics: [{ type: 'bandwidth', attributes: { rate: 1000 } }],
    run: async ({ flood }) => ({ rate: (await flow(flood, 1, 3000, 1_000_000)) * 1000 }),
    lines: [
      { name: 'embedded off by', of: ({ embedded }) => offBy(embedded), unit: '%', goal: 'within 1 %' },
      { name: 'real off by', of: ({ real }) => offBy(real), unit: '%', goal: '' },
    ],
  },
]
