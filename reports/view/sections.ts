import type { Result } from '#model/result'
import { capitalized } from './words.ts'

/** Titles of the sections of the standards, so that a report can show checks in the order of their standard. */

type Spec = Result['clause']['spec']

/** The standards of the protocols first, then HTTP, then advice and the rules of Streamproof. */
const specOrder: readonly Spec[] = [
  'RFC6455',
  'RFC7692',
  'HTML',
  'FETCH',
  'RFC9110',
  'RFC9112',
  'OWASP',
  'EXPECTATIONS',
  'STREAMPROOF',
]

const specNames: Readonly<Record<Spec, string>> = {
  RFC6455: 'RFC 6455',
  RFC7692: 'RFC 7692',
  RFC9110: 'RFC 9110',
  RFC9112: 'RFC 9112',
  HTML: 'HTML',
  FETCH: 'Fetch',
  OWASP: 'OWASP',
  EXPECTATIONS: 'Expectations',
  STREAMPROOF: 'Streamproof',
}

const sectionTitles: Readonly<Partial<Record<Spec, Readonly<Record<string, string>>>>> = {
  RFC6455: {
    '1': 'Introduction',
    '1.3': 'Opening Handshake',
    '1.4': 'Closing Handshake',
    '3': 'WebSocket URIs',
    '4': 'Opening Handshake',
    '4.1': 'Client Requirements',
    '4.2': 'Server-Side Requirements',
    '4.3': 'ABNF for the Handshake',
    '4.4': 'Multiple Versions of the Protocol',
    '5': 'Data Framing',
    '5.1': 'Framing Overview, Masking Direction',
    '5.2': 'Base Framing Protocol',
    '5.3': 'Client-to-Server Masking',
    '5.4': 'Fragmentation',
    '5.5': 'Control Frames',
    '5.6': 'Data Frames',
    '5.7': 'Examples',
    '5.8': 'Extensibility',
    '6': 'Sending and Receiving Data',
    '6.1': 'Sending Data',
    '6.2': 'Receiving Data',
    '7': 'Closing the Connection',
    '7.1': 'Closing Definitions',
    '7.2': 'Abnormal Closures',
    '7.3': 'Normal Closure of Connections',
    '7.4': 'Status Codes',
    '8': 'Error Handling',
    '8.1': 'Errors in UTF-8-Encoded Data',
    '9': 'Extensions',
    '9.1': 'Negotiating Extensions',
    '10': 'Security Considerations',
    '10.1': 'Non-Browser Clients',
    '10.2': 'Origin Considerations',
    '10.3': 'Attacks on Infrastructure (Masking)',
    '10.4': 'Implementation-Specific Limits',
    '10.5': 'Client Authentication',
    '10.6': 'Confidentiality and Integrity',
    '10.7': 'Handling of Invalid Data',
    '11': 'IANA Considerations',
    '11.1': 'URI Schemes',
    '11.2': 'The Upgrade Keyword',
    '11.3': 'Header Fields',
    '11.4': 'Extension Names',
    '11.5': 'Subprotocol Names',
    '11.6': 'Version Numbers',
    '11.7': 'Close Code Numbers',
    '11.8': 'Opcodes',
    '11.9': 'Framing Header Bits',
  },
  RFC7692: {
    '5': 'Extension Negotiation',
    '5.1': 'General Negotiation Flow',
    '6': 'Framing',
    '6.1': 'Compression',
    '6.2': 'Decompression',
    '7': 'The permessage-deflate Extension',
    '7.1': 'Extension Parameters',
    '7.2': 'Message Payload Transformation',
    '8': 'Security Considerations',
  },
  RFC9110: {
    '4.2': 'HTTP-Related URI Schemes',
    '4.3': 'Authoritative Access',
    '5': 'Fields',
    '5.1': 'Field Names',
    '5.3': 'Field Order',
    '5.4': 'Field Limits',
    '5.5': 'Field Values',
    '5.6': 'Common Rules for Field Values',
    '6': 'Message Abstraction',
    '7.6': 'Message Forwarding',
    '7.8': 'Upgrade',
    '8': 'Representation Data and Metadata',
    '8.3': 'Content-Type',
    '8.4': 'Content-Encoding',
    '8.6': 'Content-Length',
    '9': 'Methods',
    '9.1': 'Methods: Overview',
    '9.2': 'Common Method Properties',
    '9.3': 'Method Definitions',
    '12.5': 'Content Negotiation Fields',
    '15': 'Status Codes',
    '15.2': 'Informational 1xx',
    '15.3': 'Successful 2xx',
    '15.4': 'Redirection 3xx',
    '15.5': 'Client Error 4xx',
    '15.6': 'Server Error 5xx',
  },
  RFC9112: {
    '2.2': 'Message Parsing',
    '3': 'Request Line',
    '3.2': 'Request Target',
    '4': 'Status Line',
    '5': 'Field Syntax',
    '6': 'Message Body',
    '6.1': 'Transfer-Encoding',
    '6.2': 'Content-Length',
    '6.3': 'Message Body Length',
    '7.1': 'Chunked Transfer Coding',
    '8': 'Handling Incomplete Messages',
    '9': 'Connection Management',
    '9.3': 'Persistence',
    '9.6': 'Tear-down',
  },
  HTML: {
    'server-sent-events': 'Server-Sent Events',
    'server-sent-events-intro': 'Introduction',
    'the-eventsource-interface': 'The EventSource Interface',
    'concept-event-stream-reconnection-time': 'The Reconnection Time',
    'sse-processing-model': 'Processing Model',
    'the-last-event-id-header': 'The Last-Event-ID Header',
    'parsing-an-event-stream': 'Parsing an Event Stream',
    'event-stream-interpretation': 'Interpreting an Event Stream',
    processField: 'Processing a Field',
    dispatchMessage: 'Dispatching an Event',
    'authoring-notes': 'Authoring Notes',
    'eventsource-push': 'Connectionless Push',
    'garbage-collection': 'Garbage Collection',
    'implementation-notes': 'Implementation Advice',
    'text/event-stream': 'The text/event-stream Type',
  },
  FETCH: {
    'http-cors-protocol': 'HTTP CORS Protocol',
    'cors-check': 'CORS Check',
    'cors-preflight-fetch': 'CORS Preflight',
    'cors-protocol-and-http-caches': 'CORS and HTTP Caches',
    'cors-unsafe-request-header-byte': 'CORS-Unsafe Request Headers',
    'http-redirect-fetch': 'Redirects',
    'origin-header': 'The Origin Header',
  },
}

export interface ClauseSection {
  /** Sorts sections: by standard, then by number. */
  readonly order: readonly number[]
  /** `RFC 6455 5.5`, `HTML`. */
  readonly label: string
  /** `Control Frames`. */
  readonly title: string
}

/** The section of a standard under which a clause is shown; of an RFC, down to the second level. */
export function sectionOf({ spec, section }: Result['clause']): ClauseSection {
  const titles = sectionTitles[spec] ?? {}
  const specIndex = specOrder.indexOf(spec)
  if (spec.startsWith('RFC')) {
    const [chapter = '', subsection] = section.split('.')
    const number = subsection === undefined ? chapter : `${chapter}.${subsection}`
    return {
      order: [specIndex, ...number.split('.').map(Number)],
      label: `${specNames[spec]} ${number}`,
      title: titles[number] ?? titles[chapter] ?? `Section ${number}`,
    }
  }
  const anchors = Object.keys(titles)
  const index = anchors.includes(section) ? anchors.indexOf(section) : anchors.length
  return { order: [specIndex, index], label: specNames[spec], title: titles[section] ?? titleOf(section) }
}

/** `prompt-reconnect` as a title: `Prompt reconnect`. */
function titleOf(anchor: string): string {
  const words = anchor.replaceAll('-', ' ').trim()
  return words === '' ? 'Other' : capitalized(words)
}

/** A clause as people write it: `RFC6455/5.5.1`. */
export function clauseLabel({ spec, section }: Result['clause']): string {
  return `${spec}/${section}`
}

/** For sorting. */
export function compareSections(a: ClauseSection, b: ClauseSection): number {
  for (const [index, number] of a.order.entries()) {
    const difference = number - (b.order[index] ?? -1)
    if (difference !== 0) return difference
  }
  return a.order.length - b.order.length
}
