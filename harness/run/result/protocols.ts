import type { Report } from '#model/result'

/** What a report shows of each protocol, in its order. */
export const reportedProtocols: Report['protocols'] = [
  { id: 'websocket', title: 'WebSocket', shortTitle: 'WebSocket' },
  { id: 'sse', title: 'Server-Sent Events', shortTitle: 'SSE' },
]

/** The protocol that a check or a statement is about; null if it compares protocols. */
export function reportedProtocol(protocol: string): string | null {
  return protocol === 'both' ? null : protocol
}
