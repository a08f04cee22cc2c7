import type { Entry } from './websocket-entry.ts'

/** Servers that misbehave with many connections, with clients that reconnect, or with slow connections. */
export const connectionMutants: readonly Entry[] = [
  {
    name: 'fifteen-websockets',
    breaks: 'The server rejects more than 15 simultaneous connections.',
    clause: 'STREAMPROOF/twenty-connections',
    rules: { connectionLimit: 15 },
  },
  {
    name: 'hang-up-after-30-frames',
    breaks: 'The server closes a connection after 30 frames.',
    clause: 'EXPECTATIONS/EXP-CON-2',
    rules: { frameQuota: 30 },
  },
  {
    name: 'lost-connection-drops-others',
    breaks: 'When one connection is lost, the server drops all others.',
    clause: 'STREAMPROOF/clients-independent',
    rules: { afterLoss: 'end-others' },
  },
  {
    name: 'refuse-after-loss',
    breaks: 'The server rejects a client whose earlier connection was lost.',
    clause: 'STREAMPROOF/prompt-reconnect',
    rules: { afterLoss: 'refuse-client' },
  },
  {
    name: 'drop-on-late-pongs',
    breaks: 'The server sends a Ping every 30 ms and drops a connection with three unanswered Pings.',
    clause: 'RFC6455/5.5.2',
    rules: { wantsPongEveryMs: 30 },
  },
  {
    name: 'drop-on-slow-frames',
    breaks: 'The server drops a connection if a frame is incomplete 100 ms after its first byte.',
    clause: 'RFC6455/5.2',
    rules: { endsSlowFrameAfterMs: 100 },
  },
]
