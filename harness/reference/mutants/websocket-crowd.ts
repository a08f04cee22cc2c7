import type { Mutant } from '#reference/mutant'

/** Many connections, connections that come back, and connections that are slow. */
export const crowdMutants: readonly Omit<Mutant, 'protocol'>[] = [
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
    name: 'lost-connection-drops-others',
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
  {
    name: 'drop-on-late-pongs',
    breaks: 'A Ping is sent every 30 ms, and a connection is ended on which three of them are unanswered.',
    clause: 'RFC6455/5.5.2',
    rules: { wantsPongEveryMs: 30 },
  },
  {
    name: 'drop-on-slow-frames',
    breaks: 'A frame must be whole 100 ms after its first octet.',
    clause: 'RFC6455/5.2',
    rules: { endsSlowFrameAfterMs: 100 },
  },
]
