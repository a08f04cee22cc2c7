import { headViolations } from '#reference/http/rules'
import type { Mutant } from '#reference/mutant'
import { frameViolations, handshakeViolations, offerViolations } from '#reference/websocket/rules'

/** Servers that are wrong as a whole. A check that passes on all of them proves nothing. */
export const serverMutants: readonly Mutant[] = [
  {
    name: 'mute',
    protocol: 'both',
    breaks: 'The server accepts connections, and sends nothing on them.',
    clause: 'RFC9110/15',
    rules: { service: 'mute' },
  },
  {
    name: 'accept-everything',
    protocol: 'both',
    breaks: 'The server grants every request, and accepts every input.',
    clause: 'RFC6455/4.2.1',
    rules: {
      service: 'accept-everything',
      toleratesInHead: headViolations,
      toleratesInHandshake: handshakeViolations,
      toleratesInOffer: offerViolations,
      originAccepted: () => true,
      tolerates: frameViolations,
    },
  },
  {
    name: 'dead',
    protocol: 'both',
    breaks: 'The server ends every connection at once.',
    clause: 'RFC9110/15',
    rules: { service: 'dead' },
  },
  {
    name: 'mute-on-ipv6',
    protocol: 'both',
    breaks: 'The server accepts connections to its IPv6 address, and sends nothing on them.',
    clause: 'STREAMPROOF/ipv6',
    rules: { ipv6: 'ignore' },
  },
]
