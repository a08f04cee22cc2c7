/** What the core knows of a protocol: data alone. Everything else is in its module (`harness/protocols`). */
export interface ProtocolFacts {
  /** As declarations and reports name it: `websocket`. Permanent. */
  readonly id: string
  /** The first part of its check ids and capabilities (`ws/…`, `ws.echo`), and its key in the contract. Permanent. */
  readonly prefix: string
  /** As readers know it: `Server-Sent Events`. */
  readonly title: string
  /** For a narrow column: `SSE`. */
  readonly shortTitle: string
  /** One connection or stream of it, with its article: `an event stream`. */
  readonly noun: string
  /** What a server of it is called: `WebSocket server`. */
  readonly serverTitle: string
  /** URL schemes of its servers, each with its colon. */
  readonly schemes: { readonly plain: string; readonly secure: string }
  /** By name: `ws.echo`. Discovery finds each, or says why not. */
  readonly capabilities: Readonly<Record<string, CapabilityFacts>>
}

/** What a check may need of a target. */
export interface CapabilityFacts {
  /** What a target with this capability does, as a sentence without its end: `sends a text message back unchanged`. */
  readonly meaning: string
  /** What gives a target the capability, or lets a run find it: an option, a key of the config file, or a property. */
  readonly enable: string
  /** The key of the contract without which it cannot be there; absent where none is needed. */
  readonly key?: string
  /** Its checks wait for an echo: where the target passes messages on to all connections, they run one at a time. */
  readonly echoes?: true
}

/** Capabilities that a server of any protocol may have. */
const sharedCapabilities = {
  ipv6: {
    meaning: 'the target also answers on an IPv6 address, and this machine can reach it',
    enable: 'an IPv6 address of the target that this machine can reach',
  },
} as const satisfies Readonly<Record<string, CapabilityFacts>>

export type SharedCapability = keyof typeof sharedCapabilities

/** Every capability that the targets of these protocols may have, by name. */
export function capabilitiesOf(
  protocols: readonly ProtocolFacts[],
): Readonly<Record<string, CapabilityFacts>> {
  return Object.assign(
    {},
    ...protocols.map(({ capabilities }) => capabilities),
    sharedCapabilities,
  ) as Record<string, CapabilityFacts>
}

/** The protocol that a capability belongs to, by its prefix; null for one that any protocol may have. */
export function ownerOf(protocols: readonly ProtocolFacts[], capability: string): ProtocolFacts | null {
  return protocols.find(({ prefix }) => capability.startsWith(`${prefix}.`)) ?? null
}
