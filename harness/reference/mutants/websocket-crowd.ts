import type { Mutant } from '../mutant.ts'

/** Many connections, and connections that come back. */
export const crowdMutants: readonly Omit<Mutant, 'transport'>[] = [
  {
    name: 'fifteen-websockets',
    breaks: 'More than 15 connections at a time are refused.',
    clause: 'STREAMPROOF/twenty-connections',
    rules: { connectionLimit: 15 },
  },
  {
    name: 'hang-up-after-30-frames',
    breaks: 'A connection is ended after 30 frames.',
    clause: 'EXPECTATIONS/EXP-CON-2',
    rules: { frameQuota: 30 },
  },
  {
    name: 'loss-ends-others',
    breaks: 'When a connection is lost, all others end.',
    clause: 'STREAMPROOF/clients-independent',
    rules: { afterLoss: 'end-others' },
  },
  {
    name: 'refuse-after-loss',
    breaks: 'A client whose connection was lost is not let in again.',
    clause: 'STREAMPROOF/prompt-reconnect',
    rules: { afterLoss: 'refuse-client' },
  },
]
