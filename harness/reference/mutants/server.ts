import { headBreaches } from '#reference/http/rules'
import type { Mutant } from '#reference/mutant'
import { frameViolations, handshakeViolations, offerViolations } from '#reference/websocket/rules'

/** Servers that are wrong as a whole: a check that passes on one of them judges nothing. */
export const serverMutants: readonly Mutant[] = [
  {
    name: 'mute',
    protocol: 'both',
    breaks: 'Connections are accepted, and nothing is ever said on them.',
    clause: 'RFC9110/15',
    rules: { service: 'mute' },
  },
  {
    name: 'accept-everything',
    protocol: 'both',
    breaks: 'Whatever is asked is granted, and whatever is sent is taken.',
    clause: 'RFC6455/4.2.1',
    rules: {
      service: 'accept-everything',
      toleratesInHead: headBreaches,
      toleratesInHandshake: handshakeViolations,
      toleratesInOffer: offerViolations,
      originAccepted: () => true,
      tolerates: frameViolations,
    },
  },
  {
    name: 'dead',
    protocol: 'both',
    breaks: 'Every connection is ended at once.',
    clause: 'RFC9110/15',
    rules: { service: 'dead' },
  },
  {
    name: 'mute-on-ipv6',
    protocol: 'both',
    breaks: 'Connections to the IPv6 address are accepted, and nothing is ever said on them.',
    clause: 'STREAMPROOF/ipv6',
    rules: { ipv6: 'ignore' },
  },
]
