import type { Endpoint } from '#peers/session/endpoint'
import type { Role } from '#model/model'
import { shownUrl } from '#common/url'
import type { TargetDriver } from './drivers/driver.ts'
import { UrlDriver } from './drivers/url-driver.ts'

/** What is judged: one entry of the run's list of targets. */
export interface RunTarget {
  /** `server`: we connect to it. `client`: it connects to us. */
  readonly role: Role
  /** The id of its protocol. */
  readonly protocol: string
  /** As reports show it, without credentials: a URL, a command, or `reference`. */
  readonly name: string
  /** How to reach a server; null for a client. Holds credentials: never part of a report. */
  readonly endpoint: Endpoint | null
  /** Made when the run has its list of targets: `index` is the target's place in it. */
  driver(index: number): TargetDriver
}

/** A server at a URL. @param name as reports show it; by default its URL without credentials. */
export function serverTarget(endpoint: Endpoint, name: string = shownUrl(endpoint.url)): RunTarget {
  const { protocol, url } = endpoint
  return {
    role: 'server',
    protocol,
    name,
    endpoint,
    driver: (index) => new UrlDriver({ index, protocol }, url),
  }
}

/** The servers among the targets, for who has to reach them. */
export function endpointsOf(targets: readonly RunTarget[]): Endpoint[] {
  return targets.flatMap(({ endpoint }) => (endpoint === null ? [] : [endpoint]))
}
