import type { Report } from '#model/result'
import type { SessionEnvironment } from '#peers/session/session'
import { protocolOf } from '#target/protocol'
import type { Discovered, ProtocolRegistry } from '#target/protocol'
import { partiesOf } from '#target/target'
import type { RunTarget } from '#target/target'
import { asDeclared } from './findings.ts'
import { SetupError } from '#model/errors'

/** Capabilities as they are known already, by protocol: discovery does not ask for these. */
export type KnownCapabilities = Readonly<Record<string, Discovered['findings']>>

export interface DiscoveryOptions {
  /** Capabilities that the contract declares. */
  readonly expects?: readonly string[]
  /** Used instead of asking the target. */
  readonly known?: KnownCapabilities
  /** Called when discovery of a target begins. */
  readonly discovering?: (target: RunTarget) => void
  /** Aborting ends discovery: the capabilities are then unknown. */
  readonly signal?: AbortSignal
}

/** What discovery learned of all targets. */
export interface Discovery {
  /** In the order of the run's targets. */
  readonly targets: Report['targets']
  /** The slowest answer of any target, in ms. */
  readonly slowestMs: number
  /** A target passes messages of one connection on to others. */
  readonly broadcasts: boolean
}

/**
 * Finds out what the targets support, all at once; each finding with its evidence, which is the same text in every run
 * against the same target.
 * @throws SetupError where a target cannot be reached or does not speak its protocol.
 */
export async function discoverTargets<Kit>(
  registry: ProtocolRegistry<Kit>,
  targets: readonly RunTarget[],
  environment: Omit<SessionEnvironment, 'observer' | 'endpoints' | 'client'>,
  options: DiscoveryOptions = {},
): Promise<Discovery> {
  const settled = await Promise.allSettled(
    targets.map((target) => discoverOne(registry, target, environment, options)),
  )
  const found = settled.map((one) => {
    if (one.status === 'rejected') throw one.reason
    return one.value
  })
  return {
    targets: found.map(({ findings }, index) => reported(targets[index], findings)),
    slowestMs: Math.max(0, ...found.map(({ slowestMs }) => slowestMs)),
    broadcasts: found.some(({ broadcasts }) => broadcasts),
  }
}

const nothing: Discovered = { findings: {}, slowestMs: 0, broadcasts: false }

async function discoverOne<Kit>(
  registry: ProtocolRegistry<Kit>,
  target: RunTarget,
  environment: Omit<SessionEnvironment, 'observer' | 'endpoints' | 'client'>,
  { expects = [], known = {}, discovering, signal }: DiscoveryOptions,
): Promise<Discovered> {
  const findings = known[target.protocol]
  if (findings !== undefined) return { ...nothing, findings }
  discovering?.(target)
  const { title, discovery } = protocolOf(registry, target.protocol)
  const ours = discovery[target.role]
  if (ours === undefined)
    throw new SetupError(
      `${target.name} is a ${target.role}, and there is nothing to judge a ${title} ${target.role} by`,
    )
  const parties = partiesOf([target], 0)
  const work = ours.discover({ target, environment: { ...environment, ...parties }, registry })
  const found = await unlessAborted(work, signal, nothing)
  return { ...found, findings: asDeclared(found.findings, expects) }
}

function reported(
  target: RunTarget | undefined,
  findings: Discovered['findings'],
): Report['targets'][number] {
  if (target === undefined) throw new TypeError('a finding without a target')
  const { role, protocol, name } = target
  return { role, protocol, url: name, capabilities: { ...findings } }
}

/** The value, or `instead` as soon as the signal is aborted. Nobody waits for the promise then. */
async function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  instead: T,
): Promise<T> {
  if (signal === undefined) return promise
  let stop = (): void => undefined
  const aborted = new Promise<T>((resolve) => {
    stop = () => resolve(instead)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
