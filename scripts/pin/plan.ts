/** One command that rewrites committed files. */
interface PinStep {
  /** As it is given on the command line: `npm run pin -- ids`. */
  readonly name: PinName
  readonly title: string
  /** Arguments of node. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** What cannot be updated on this machine, and why. */
interface Unpinned {
  readonly what: string
  readonly reason: string
}

export interface PinPlan {
  readonly steps: readonly PinStep[]
  readonly unpinned: readonly Unpinned[]
}

export interface Machine {
  /** The servers of test/real: what each needs and this machine lacks, or null. */
  readonly servers: readonly { readonly name: string; readonly missing: string | null }[]
  /** The npm packages of test/real are installed. */
  readonly hasServerPackages: boolean
  /** A program `toxiproxy-server` can be started. */
  readonly hasToxiproxy: boolean
}

/** The steps, in their order: a page is generated after the verdicts that it shows. */
export const pinNames = ['ids', 'capabilities', 'matrix', 'servers', 'page'] as const

export type PinName = (typeof pinNames)[number]

const mocha = ['node_modules/mocha/bin/mocha.js']
const mochaOf = (file: string): string[] => [
  ...mocha,
  '--no-config',
  '--import=tsx/esm',
  '--timeout',
  '60000',
  file,
]
const snapshots = { UPDATE_SNAPSHOTS: '1' }

/**
 * Decides what to run and what to leave.
 * @param wanted names of steps; all if there are none.
 */
export function planPins(machine: Machine, wanted: readonly PinName[] = []): PinPlan {
  const isWanted = (name: PinName): boolean => wanted.length === 0 || wanted.includes(name)
  const present = machine.hasServerPackages
    ? machine.servers.filter(({ missing }) => missing === null).map(({ name }) => name)
    : []
  const steps: PinStep[] = [
    {
      name: 'ids',
      title: 'ids, levels and clauses of all checks',
      args: mochaOf('test/suites/catalogue.test.ts'),
      env: snapshots,
    },
    {
      name: 'capabilities',
      title: 'the table of capabilities in docs/contract.md',
      args: mochaOf('test/docs/contract.test.ts'),
      env: snapshots,
    },
    {
      name: 'matrix',
      title: 'the checks that fail on each mutant',
      args: ['scripts/proof-matrix.mjs', '--update'],
      env: {},
    },
    {
      name: 'servers',
      title: `expected verdicts of ${present.join(', ')}`,
      args: [...mocha, '--config', 'test/real/.mocharc.json'],
      env: { UPDATE_EXPECTATIONS: '1', STREAMPROOF_REAL: present.join(',') },
    },
    {
      name: 'page',
      title: 'docs/real-servers.md',
      args: mochaOf('test/docs/real-servers.test.ts'),
      env: snapshots,
    },
  ]
  return {
    steps: steps.filter(({ name }) => isWanted(name) && (name !== 'servers' || present.length > 0)),
    unpinned: isWanted('servers') ? unpinnedServers(machine) : [],
  }
}

function unpinnedServers({ servers, hasServerPackages, hasToxiproxy }: Machine): Unpinned[] {
  if (!hasServerPackages)
    return [
      {
        what: `expected verdicts of ${servers.map(({ name }) => name).join(', ')}`,
        reason: 'their packages are not installed; run `npm ci --prefix test/real --ignore-scripts`',
      },
    ]
  const absent = servers.flatMap(({ name, missing }) =>
    missing === null
      ? []
      : [{ what: `expected verdicts of ${name}`, reason: `this machine has no ${missing}` }],
  )
  if (hasToxiproxy) return absent
  return [
    ...absent,
    {
      what: 'verdicts under faults through a real Toxiproxy',
      reason: 'there is no toxiproxy-server on PATH; CI compares them with those of the embedded engine',
    },
  ]
}
