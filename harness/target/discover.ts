import type { Capability } from '../check/model.ts'
import type { Report } from '../check/result.ts'
import type { Endpoint } from '../peers/endpoint.ts'
import type { SessionEnvironment } from '../peers/session.ts'
import { shownUrl } from './url.ts'

export type KnownCapabilities = Readonly<
  Record<'websocket' | 'sse', Report['targets'][number]['capabilities'] | null>
>

export interface DiscoveryOptions {
  /** Capabilities that the contract declares. */
  readonly expects?: readonly Capability[]
  /** How the targets are named; null: the URL without secrets. */
  readonly shown?: { readonly websocket: string | null; readonly sse: string | null }
  /** Taken instead of looking. */
  readonly known?: KnownCapabilities
  readonly discovering?: (transport: Endpoint['transport'], url: string) => void
}

/**
 * Finds out what the targets can, each finding with its evidence.
 * @throws SetupError where a target cannot be reached or is not of its transport.
 */
export async function discoverTargets(
  environment: Omit<SessionEnvironment, 'observer'>,
  options: DiscoveryOptions = {},
): Promise<Report['targets']> {
  const targets = []
  for (const transport of ['websocket', 'sse'] as const) {
    const endpoint = environment[transport]
    if (endpoint === null) continue
    targets.push({
      transport,
      url: options.shown?.[transport] ?? shownUrl(endpoint.url),
      capabilities: options.known?.[transport] ?? {},
    })
  }
  return targets
}
