import type { Kit } from '#peers/kit'
import { serverDiscovery } from '#target/discovery/server'
import type { ProtocolModule } from '#target/protocol'
import { sseCapabilities } from './capabilities.ts'
import { shownOfSse, sseContract, sseOptions, sseSecrets, sseServers, sseWords } from './contract.ts'
import { sseQuestions } from './discovery.ts'

/** Server-sent events (HTML, section 9.2). */
export const sse: ProtocolModule<Kit> = {
  id: 'sse',
  prefix: 'sse',
  title: 'Server-Sent Events',
  shortTitle: 'SSE',
  noun: 'an event stream',
  serverTitle: 'event stream',
  schemes: { plain: 'http:', secure: 'https:' },
  capabilities: sseCapabilities,
  contract: sseContract,
  options: sseOptions,
  shown: shownOfSse,
  targetKeys: ['sse'],
  targets: sseServers,
  secrets: sseSecrets,
  words: sseWords,
  discovery: { server: serverDiscovery(sseQuestions) },
}
