import type { Clause, Level, Role, Topic } from './model.ts'

/**
 * One declared test of one requirement.
 * `Kit` is what its run function is given (see `harness/peers/kit`), `Capability` the names that it may need.
 */
export interface Check<Kit = never, Capability extends string = string> {
  /** Permanent: the prefix of its protocol (`both` where it compares protocols), area and name, in lower case. */
  readonly id: string
  /** The requirement, as a sentence in the present tense whose subject is the target: "fails the connection on …". */
  readonly title: string
  readonly level: Level
  readonly clause: Clause
  readonly topic: Topic
  /** Capabilities without which the check is `not-applicable`. */
  readonly needs?: readonly Capability[]
  /** Prerequisites: if one of these checks fails, this one is `blocked`. */
  readonly after?: readonly string[]
  /** Mutants of the reference on which the check must fail: at least one. */
  readonly mutants: readonly string[]
  /** Runs alone: because it measures time, or because it loads the target. */
  readonly exclusive?: 'time' | 'load'
  /** How long an exclusive check takes against a target that answers promptly, in ms. The sum is the least duration of a run. */
  readonly expectedDurationMs?: number
  /** Time budget in ms, before `--timeout-scale` and what a slow target needs besides; 15 000 by default. */
  readonly budget?: number
  /** The documented expectations that this check measures. */
  readonly expectations?: readonly string[]
  /** The Autobahn case that asks the same, if there is one. */
  readonly autobahn?: string
  /**
   * Ways in which the check is run, such as the carriers of a connection: each is a check of its own, with the variant in
   * its id (`ws/framing/text-of-125@h2`).
   */
  readonly variants?: readonly string[]
  run(kit: Kit): Promise<void>
}

/** A check as it was declared, with its place in its file. */
export interface DeclaredCheck<Kit = never> extends Check<Kit> {
  readonly sequence: number
}

/** A file of checks says which section of which standard it is about; files are ordered by `order`. */
export interface Section {
  /** The id of a protocol; null where its checks compare protocols. */
  readonly protocol: string | null
  /** The ids of the protocols that its checks compare, where `protocol` is null. */
  readonly compares?: readonly string[]
  /** The role of the targets that its checks are about; `server` by default. */
  readonly role?: Role
  /** Sorts the files of one protocol, as the sections of the standard do: 5.5.1 is 50501. */
  readonly order: number
  /** As a reader of the standard would look for it: "RFC 6455 5.5: control frames". */
  readonly title: string
}

const declared: DeclaredCheck[] = []

const idForm = /^[a-z0-9]+(\/[a-z0-9]+(-[a-z0-9]+)*){2,}$/

/** Declares a check. It still has to be exported: the loader refuses a check that is not. */
export function check<Kit>(definition: Check<Kit>): DeclaredCheck<Kit> {
  if (!idForm.test(definition.id)) throw new TypeError(`check id ${definition.id} is not prefix/area/name`)
  if (definition.mutants.length === 0) throw new TypeError(`check ${definition.id} names no mutant`)
  if ((definition.exclusive === undefined) !== (definition.expectedDurationMs === undefined))
    throw new TypeError(
      `check ${definition.id}: set expectedDurationMs if and only if the check is exclusive`,
    )
  const made = { ...definition, sequence: declared.length }
  declared.push(made)
  return made
}

/** Every check declared so far in this process, exported or not; for the loader. */
export function declaredChecks(): readonly DeclaredCheck[] {
  return declared
}
