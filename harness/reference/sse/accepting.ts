import { strictSse } from './rules.ts'
import type { SseRules } from './rules.ts'

/** The event stream of a server that grants whatever is asked, and passes on whatever it is sent. */
export const acceptingSse: Partial<SseRules> = {
  headMethod: 'stream',
  otherMethods: 'stream',
  unknownMethods: 'stream',
  foreignHost: 'serve',
  judgeOrigin: (origin) => (origin === null ? 'same' : 'allowed'),
  allowOrigin: (origin) => origin,
  varies: false,
  preflightHeaders: '*',
  refusesPublication: () => null,
  streamHeaders: strictSse.streamHeaders.filter(([name]) => name === 'Content-Type'),
  encodeLines: (lines) => Buffer.from(lines.map((line) => `data:${line}\n`).join('')),
  toLines: (data) => [Buffer.from(data).toString('latin1')],
}
