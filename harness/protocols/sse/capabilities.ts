import type { CapabilityFacts } from '#model/protocol'

/** What checks of event-stream servers may need. */
export const sseCapabilities = {
  'sse.publish': {
    meaning: 'events can be published as the contract says, and a published nonce arrives',
    enable: '--publish-url URL, or publish in the configuration',
    key: 'publish',
  },
  'sse.publish.verbatim': {
    meaning: 'published data arrive unchanged, not wrapped or encoded anew',
    enable: 'a publish request whose data arrive unchanged (sse.publish.verbatim)',
    key: 'publish',
  },
  'sse.publish.event': {
    meaning: 'the publisher can set the name of an event',
    enable: '{event} in the publish request of the configuration',
    key: 'publish with {event}',
  },
  'sse.publish.id': {
    meaning: 'the publisher can set the id of an event',
    enable: '{id} in the publish request of the configuration',
    key: 'publish with {id}',
  },
  'sse.publish.binary': {
    meaning: 'published bytes need not be UTF-8',
    enable: 'a publish request in the configuration that sends raw bytes',
    key: 'publish',
  },
  'sse.events': {
    meaning: 'events arrive: published, or unsolicited within the discovery window',
    enable: 'a target that sends events, or --publish-url URL',
  },
  'sse.ids': {
    meaning: 'events carry ids',
    enable: 'a target whose events carry ids (sse.ids)',
  },
  'sse.shared-ids': {
    meaning: 'two connections receive the same event under the same id',
    enable: 'a target that gives an event the same id on every connection (sse.shared-ids)',
  },
  'sse.resume': {
    meaning: 'the server replays events after a known Last-Event-ID',
    enable: 'a target that replays after a Last-Event-ID (sse.resume)',
  },
  'sse.heartbeat': {
    meaning: 'something is sent on an idle stream within the discovery window',
    enable: 'a target that sends something on an idle stream (sse.heartbeat)',
  },
  'sse.endless': {
    meaning: 'the server does not end the stream within the discovery window',
    enable: 'a target that does not end its stream (sse.endless)',
  },
  'sse.denied-origin': {
    meaning: 'the contract names an origin that the server must refuse',
    enable: '--denied-origin ORIGIN',
    key: 'deniedOrigin',
  },
  'sse.allowed-origin': {
    meaning: 'the contract names an origin that the server accepts',
    enable: '--allowed-origin ORIGIN',
    key: 'allowedOrigin',
  },
  'sse.tls': {
    meaning: 'the service is reachable over TLS',
    enable: 'an https: URL, or secureUrl.sse in the configuration',
    key: 'secureUrl.sse',
  },
  'sse.plain': {
    meaning: 'the contract names a plain-text address that must not serve what the secure one serves',
    enable: 'plainUrl.sse in the configuration',
    key: 'plainUrl.sse',
  },
} as const satisfies Readonly<Record<string, CapabilityFacts>>

export type SseCapability = keyof typeof sseCapabilities
