import type { Kit } from '#peers/kit'
import { serverDiscovery } from '#target/discovery/server'
import type { ProtocolModule } from '#target/protocol'
import { websocketCapabilities } from './capabilities.ts'
import {
  shownOfWebSocket,
  websocketContract,
  websocketOptions,
  websocketSecrets,
  websocketServers,
  websocketWords,
} from './contract.ts'
import { websocketQuestions } from './discovery.ts'

/** WebSocket (RFC 6455, RFC 7692). */
export const websocket: ProtocolModule<Kit> = {
  id: 'websocket',
  prefix: 'ws',
  title: 'WebSocket',
  shortTitle: 'WebSocket',
  noun: 'a WebSocket',
  serverTitle: 'WebSocket server',
  schemes: { plain: 'ws:', secure: 'wss:' },
  capabilities: websocketCapabilities,
  contract: websocketContract,
  options: websocketOptions,
  shown: shownOfWebSocket,
  targetKeys: ['ws'],
  targets: websocketServers,
  secrets: websocketSecrets,
  words: websocketWords,
  discovery: { server: serverDiscovery(websocketQuestions) },
}
