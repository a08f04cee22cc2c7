import type { CapabilityFacts } from '#model/protocol'

/** What checks of WebSocket servers may need. */
export const websocketCapabilities = {
  'ws.echo': {
    meaning: 'a text message comes back unchanged, as text',
    enable: 'a target that sends each text message back unchanged (ws.echo)',
    echoes: true,
  },
  'ws.echo.binary': {
    meaning: 'a binary message comes back unchanged, as binary',
    enable: 'a target that sends each binary message back unchanged (ws.echo.binary)',
    echoes: true,
  },
  'ws.deflate': {
    meaning: 'permessage-deflate is accepted when offered',
    enable: 'a target that accepts permessage-deflate (ws.deflate)',
  },
  'ws.subprotocol': {
    meaning: 'the contract names a subprotocol that the server speaks',
    enable: '--subprotocol NAME',
    key: 'subprotocols',
  },
  'ws.denied-origin': {
    meaning: 'the contract names an origin that the server must refuse',
    enable: '--denied-origin ORIGIN',
    key: 'deniedOrigin',
  },
  'ws.allowed-origin': {
    meaning: 'the contract names an origin that the server accepts',
    enable: '--allowed-origin ORIGIN',
    key: 'allowedOrigin',
  },
  'ws.tls': {
    meaning: 'the service is reachable over TLS',
    enable: 'a wss: URL, or secureUrl.ws in the configuration',
    key: 'secureUrl.ws',
  },
  'ws.plain': {
    meaning: 'the contract names a plain-text address that must not serve what the secure one serves',
    enable: 'plainUrl.ws in the configuration',
    key: 'plainUrl.ws',
  },
} as const satisfies Readonly<Record<string, CapabilityFacts>>

export type WebSocketCapability = keyof typeof websocketCapabilities
