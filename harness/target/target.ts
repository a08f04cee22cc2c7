import type { Endpoint } from '#peers/session/endpoint'
import type { Role } from '#model/model'
import { shownUrl } from '#common/url'
import type { ClientStarter, SessionEnvironment } from '#peers/session/session'
import { CommandDriver } from './drivers/command-driver.ts'
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
  /** How to start a client; null for a server. */
  readonly client: ClientStarter | null
  /** Made when the run has its list of targets: `index` is the target's place in it. */
  driver(index: number): TargetDriver
  /** Stops every process that was started for this target and still runs. */
  close(): Promise<void>
}

/** A server at a URL. @param name as reports show it; by default its URL without credentials. */
export function serverTarget(endpoint: Endpoint, name: string = shownUrl(endpoint.url)): RunTarget {
  const { protocol, url } = endpoint
  return {
    role: 'server',
    protocol,
    name,
    endpoint,
    client: null,
    driver: (index) => new UrlDriver({ index, protocol }, url),
    close: async () => undefined,
  }
}

/**
 * A client that is a command: each check starts it and waits until it connects.
 * @param command the program and its arguments; no shell reads them.
 */
export function clientTarget(
  protocol: string,
  command: readonly [program: string, ...words: string[]],
): RunTarget {
  const driverAt = (index: number): CommandDriver => new CommandDriver({ index, protocol }, { command })
  // Discovery starts clients before the run makes the driver that has their place in its list.
  let current = driverAt(0)
  const drivers = [current]
  return {
    role: 'client',
    protocol,
    name: command.join(' '),
    endpoint: null,
    client: { start: (words) => current.start({ words }) },
    driver(index) {
      current = driverAt(index)
      drivers.push(current)
      return current
    },
    async close() {
      await Promise.all(drivers.map((driver) => driver.close()))
    },
  }
}

/** What a check on one of these targets may talk to; null: a check that compares the protocols of all. */
export function partiesOf(
  targets: readonly RunTarget[],
  index: number | null,
): Pick<SessionEnvironment, 'endpoints' | 'client'> {
  const used = index === null ? targets : targets.slice(index, index + 1)
  return { endpoints: endpointsOf(used), client: used.find(({ client }) => client !== null)?.client ?? null }
}

/** The servers among the targets, for who has to reach them. */
export function endpointsOf(targets: readonly RunTarget[]): Endpoint[] {
  return targets.flatMap(({ endpoint }) => (endpoint === null ? [] : [endpoint]))
}
