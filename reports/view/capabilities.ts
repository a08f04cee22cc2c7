import { capabilities } from '#model/model'
import type { Capability } from '#model/model'

export const capabilityNames: readonly string[] = capabilities

/** What gives a target a capability, or lets a run find it. */
const means: Readonly<Record<Capability, string>> = {
  'ws.echo': 'a target that sends each text message back unchanged (ws.echo)',
  'ws.echo.binary': 'a target that sends each binary message back unchanged (ws.echo.binary)',
  'ws.deflate': 'a target that accepts permessage-deflate (ws.deflate)',
  'ws.subprotocol': '--subprotocol NAME',
  'ws.denied-origin': '--denied-origin ORIGIN',
  'ws.allowed-origin': '--allowed-origin ORIGIN',
  'ws.tls': 'a wss: URL, or secureUrl.ws in the configuration',
  'ws.plain': 'plainUrl.ws in the configuration',
  'sse.publish': '--publish-url URL, or publish in the configuration',
  'sse.publish.verbatim': 'a publish plan whose data arrive as they are (sse.publish.verbatim)',
  'sse.publish.event': '{event} in the publish plan of the configuration',
  'sse.publish.id': '{id} in the publish plan of the configuration',
  'sse.publish.binary': 'a publish plan of the configuration that sends raw bytes',
  'sse.events': 'a target that sends events, or --publish-url URL',
  'sse.ids': 'a target whose events carry ids (sse.ids)',
  'sse.shared-ids': 'a target that numbers events alike on every connection (sse.shared-ids)',
  'sse.resume': 'a target that replays after a Last-Event-ID (sse.resume)',
  'sse.heartbeat': 'a target that sends something on an idle stream (sse.heartbeat)',
  'sse.endless': 'a target whose stream does not end by itself (sse.endless)',
  'sse.denied-origin': '--denied-origin ORIGIN',
  'sse.allowed-origin': '--allowed-origin ORIGIN',
  'sse.tls': 'an https: URL, or secureUrl.sse in the configuration',
  'sse.plain': 'plainUrl.sse in the configuration',
  ipv6: 'an IPv6 address of the target that this machine can reach',
}

const longestFirst = capabilities.toSorted((a, b) => b.length - a.length)

/**
 * What would turn on checks that were skipped for this reason, joined by `; `; null where it names nothing known. Only
 * what stands before the first colon is ours: behind it is evidence, and that may say anything.
 */
export function turnsOn(reason: string): string | null {
  if (reason.endsWith('an sse target is not given')) return '--sse URL'
  if (reason.endsWith('a websocket target is not given')) return '--ws URL'
  let rest = reason.split(':')[0] ?? ''
  const found: string[] = []
  for (const capability of longestFirst) {
    const token = new RegExp(`(?<![\\w.-])${capability.replaceAll('.', '\\.')}(?![\\w-]|\\.\\w)`)
    if (!token.test(rest)) continue
    rest = rest.replace(token, ' ')
    found.push(means[capability])
  }
  return found.length === 0 ? null : [...new Set(found)].join('; ')
}
