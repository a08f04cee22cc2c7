import { connects, flow, idleMemory, lateness, roundTrips } from './load.ts'
import type { Kind, Ports, Toxics, Variant } from './variants.ts'

type Figures = Readonly<Record<string, number>>
export type Round = Readonly<Partial<Record<Kind, Figures>>>

/** A line of the table: a value that is computed for each round. The median of the rounds counts, or the least. */
export interface Line {
  readonly name: string
  /** Returns undefined if a variant that it needs is missing. */
  readonly compute: (round: Round) => number | undefined
  readonly take?: 'median' | 'least'
  readonly unit: 'x' | 'ms' | '%'
  readonly goal: string
}

export interface Measure {
  readonly name: string
  readonly unit: string
  readonly toxics?: Toxics
  /** False: measure proxies only, because the figure makes no sense without a proxy. */
  readonly direct?: boolean
  /** New processes for each round, because memory that a process used once is not counted again. */
  readonly fresh?: boolean
  readonly run: (ports: Ports, variant: Variant) => Promise<Figures>
  readonly lines: readonly Line[]
}

const ratioOf = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a / b

/** The figure of the engine divided by that of the real server, and that of a bare pipe for orientation. */
const ratios = (key: string, goal: string): readonly Line[] => [
  {
    name: 'embedded / real',
    compute: ({ embedded, real }) => ratioOf(embedded?.[key], real?.[key]),
    unit: 'x',
    goal,
  },
  {
    name: 'bare pipe / real',
    compute: ({ bare, real }) => ratioOf(bare?.[key], real?.[key]),
    unit: 'x',
    goal: '',
  },
]

const throughput = (connections: number, goal: string, toxics?: Toxics): Measure => ({
  name: `throughput-${connections}${toxics === undefined ? '' : `-${toxics[0]?.type}`}`,
  unit: 'MB/s',
  ...(toxics === undefined ? {} : { toxics }),
  run: async ({ flood }) => ({ rate: await flow(flood, connections, 1000) }),
  lines: ratios('rate', goal),
})

const added = (round: Round, kind: Kind, key: string): number | undefined => {
  const [proxied, direct] = [round[kind]?.[key], round.direct?.[key]]
  return proxied === undefined || direct === undefined ? undefined : proxied - direct
}

const addedLine = (key: string, kind: Kind, name: string, goal: string): Line => ({
  name: `added ${key}, ${name} / real`,
  compute: (round) => ratioOf(added(round, kind, key), added(round, 'real', key)),
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
    { name: 'embedded p50', compute: ({ embedded }) => embedded?.['p50'], unit: 'ms', goal },
    { name: 'real p50', compute: ({ real }) => real?.['p50'], unit: 'ms', goal: '' },
    {
      name: 'embedded earliest',
      compute: ({ embedded }) => embedded?.['earliest'],
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
    unit: 'us',
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
    run: async ({ echo }, { kind, process: child }) => ({
      memory: await idleMemory(
        echo,
        5000,
        child?.pid ?? 0,
        kind === 'real' ? undefined : () => child?.kill('SIGUSR2'),
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
      { name: 'embedded off by', compute: ({ embedded }) => offBy(embedded), unit: '%', goal: 'within 1 %' },
      { name: 'real off by', compute: ({ real }) => offBy(real), unit: '%', goal: '' },
    ],
  },
]
