import type { z } from 'zod'
import type { CapabilityFinding, Role } from '#model/model'
import type { ProtocolFacts } from '#model/protocol'
import type { Endpoint } from '#peers/session/endpoint'
import type { SessionContext } from '#peers/session/context'
import type { SessionEnvironment } from '#peers/session/session'
import type { SecretSources } from './secrets/collect.ts'
import type { RunTarget } from './target.ts'

/** A protocol as the pipeline uses it: all that is particular to it, in one place. */
export interface ProtocolModule<Kit> extends ProtocolFacts {
  /** The keys of the contract that this protocol adds to the shared ones. Its `prefix` is the key of its server. */
  readonly contract: z.ZodRawShape
  /** The options of the command line for these keys, by name. */
  readonly options: Readonly<Record<string, TargetOption>>
  /** How `config --print` shows a key of this protocol, without credentials; null for a key that it does not know. */
  shown(key: string, contract: Readonly<Record<string, unknown>>): string | null
  /** The keys of the contract that name targets of this protocol. */
  readonly targetKeys: readonly string[]
  /**
   * The targets that a contract names; none where it names none.
   * @param shared what every protocol takes from the contract in the same way.
   * @throws UsageError
   */
  targets(contract: Readonly<Record<string, unknown>>, shared: SharedSettings): readonly RunTarget[]
  /** Where a contract may hold credentials, beyond the shared keys. */
  secrets(contract: Readonly<Record<string, unknown>>): Partial<SecretSources>
  /** The words of a command that repeats a check: those of the target, and those of the protocol's further keys. */
  words(contract: Readonly<Record<string, unknown>>): CommandWords
  /** How targets are discovered, by role. A target in another role is refused. */
  readonly discovery: Partial<Readonly<Record<Role, TargetDiscovery<Kit>>>>
}

/** An option of the command line: `name` is `--name`, and a key of the contract. */
export interface TargetOption {
  /** The placeholder for the value in help. */
  readonly value: string
  readonly help: string
  /** The key of the contract, if it differs from the name: `publish.url`. */
  readonly key?: string
  /** It may be given several times, and the key holds a list. */
  readonly list?: true
  /** Its value is a URL that may hold credentials. */
  readonly holdsUrl?: true
}

/** Words of the command line. */
export interface CommandWords {
  readonly target: readonly string[]
  readonly further: readonly string[]
}

/** What a contract says to all protocols, resolved for the target of one. */
export interface SharedSettings {
  /** Resolves a target's URL: takes out user part and fragment, and turns the user part into a header. */
  endpoint(url: string): Omit<Endpoint, 'subprotocols' | 'opening' | 'publish' | 'request' | 'accept'>
}

/** Finds what one target supports. */
export interface TargetDiscovery<Kit> {
  /**
   * @throws SetupError where the target cannot be reached or does not speak its protocol.
   */
  discover(question: DiscoveryQuestion<Kit>): Promise<Discovered>
  /** Whether this protocol is spoken here; asked where another protocol was expected. Absent: never asked. */
  speaks?(kit: Kit): Promise<boolean>
}

export interface DiscoveryQuestion<Kit> {
  readonly target: RunTarget
  /** Without observer: the run begins after discovery, so no check is a suspect. */
  readonly environment: Omit<SessionEnvironment, 'observer'>
  readonly registry: ProtocolRegistry<Kit>
}

/** What discovery learned of one target. */
export interface Discovered {
  /** By capability. */
  readonly findings: Readonly<Record<string, CapabilityFinding>>
  /** The slowest answer, in ms. */
  readonly slowestMs: number
  /** Messages of one connection reach other connections. */
  readonly broadcasts: boolean
}

/** The protocols of a run, and the verbs that their checks are given. */
export interface ProtocolRegistry<Kit> {
  readonly protocols: readonly ProtocolModule<Kit>[]
  openKit(context: SessionContext): Kit
}

/** The module of a protocol. @throws TypeError where the registry has none. */
export function protocolOf<Kit>(registry: ProtocolRegistry<Kit>, id: string): ProtocolModule<Kit> {
  const found = registry.protocols.find((protocol) => protocol.id === id)
  if (found === undefined) throw new TypeError(`there is no protocol ${id}`)
  return found
}
