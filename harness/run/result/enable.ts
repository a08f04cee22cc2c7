import { capabilities } from '#model/model'
import type { Capability } from '#model/model'

/** What gives a target a capability, or lets a run find it. */
const waysToEnable: Readonly<Record<Capability, string>> = {
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
 * What would make checks apply that were skipped for this reason, joined by `; `; null if the reason names no known
 * capability. Only the text before the first colon is searched: after it is evidence, which may say anything.
 */
export function howToEnable(reason: string): string | null {
  if (reason.endsWith('an sse target is not given')) return '--sse URL'
  if (reason.endsWith('a websocket target is not given')) return '--ws URL'
  let rest = reason.split(':')[0] ?? ''
  const ways: string[] = []
  for (const capability of longestFirst) {
    const name = new RegExp(`(?<![\\w.-])${capability.replaceAll('.', '\\.')}(?![\\w-]|\\.\\w)`)
    if (!name.test(rest)) continue
    rest = rest.replace(name, ' ')
    ways.push(waysToEnable[capability])
  }
  return ways.length === 0 ? null : [...new Set(ways)].join('; ')
}
