import { strictSse } from './rules.ts'
import type { SseRules } from './rules.ts'

/** Rules of an event stream that grants every request, and sends every publication as it was received. */
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
