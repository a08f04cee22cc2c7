import type { Capability, Clause, Level, Topic, Protocol } from './model.ts'

/** One declared test of one requirement. `Kit` is what its run function is handed (see `harness/peers/kit.ts`). */
export interface Check<Kit = never> {
  /** Permanent: `ws/…`, `sse/…` or `both/…`, then area and name, in lower case. */
  readonly id: string
  /** A sentence in the present tense, its subject the target: "fails the connection on a Ping with …". */
  readonly title: string
  readonly level: Level
  readonly clause: Clause
  readonly topic: Topic
  /** Capabilities without which the check is `not-applicable`. */
  readonly needs?: readonly Capability[]
  /** Checks that this one builds on: where one of them fell, this one is `blocked`. */
  readonly after?: readonly string[]
  /** Mutants of the reference that must make it fall: at least one. */
  readonly mutants: readonly string[]
  /** Runs alone: because it measures time, or because it loads the target. */
  readonly exclusive?: 'time' | 'load'
  /** How long an exclusive check takes against a target that answers promptly, in ms. The sum is the least duration of a run. */
  readonly expectedDurationMs?: number
  /** Time budget in ms, before `--timeout-scale` and what a slow target needs besides; 15 000 unless told. */
  readonly budget?: number
  /** The documented expectations that this check measures. */
  readonly expectations?: readonly string[]
  /** The Autobahn case that asks the same, if there is one. */
  readonly autobahn?: string
  run(kit: Kit): Promise<void>
}

/** A check as the catalogue holds it: with its protocol, and its place in the text. */
export interface DeclaredCheck<Kit = never> extends Check<Kit> {
  readonly protocol: Protocol
  readonly sequence: number
}

/** A file of checks says which section of which standard it is about; files are ordered by `order`. */
export interface Section {
  readonly protocol: Protocol
  /** Sorts the files of one protocol, as the sections of the standard do: 5.5.1 is 50501. */
  readonly order: number
  /** As a reader of the standard would look for it: "RFC 6455 5.5: control frames". */
  readonly title: string
}

const declared: DeclaredCheck[] = []

const idForm = /^(ws|sse|both)(\/[a-z0-9]+(-[a-z0-9]+)*){2,}$/
const protocols: Readonly<Record<string, Protocol>> = { ws: 'websocket', sse: 'sse', both: 'both' }

/** Declares a check. It still has to be exported: the loader refuses one that is not. */
export function check<Kit>(definition: Check<Kit>): DeclaredCheck<Kit> {
  const form = idForm.exec(definition.id)
  const protocol = protocols[form?.[1] ?? '']
  if (protocol === undefined) throw new TypeError(`check id ${definition.id} is not protocol/area/name`)
  if (definition.mutants.length === 0) throw new TypeError(`check ${definition.id} names no mutant`)
  if ((definition.exclusive === undefined) !== (definition.expectedDurationMs === undefined))
    throw new TypeError(
      `check ${definition.id}: set expectedDurationMs if and only if the check is exclusive`,
    )
  const made = { ...definition, protocol, sequence: declared.length }
  declared.push(made)
  return made
}

/** Every check declared so far in this process, exported or not; for the loader. */
export function declaredChecks(): readonly DeclaredCheck[] {
  return declared
}
