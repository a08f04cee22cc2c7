import type { DeclaredCheck, Section } from './check.ts'
import type { Expectation } from './expectation.ts'
import type { Role } from './model.ts'
import type { ProtocolFacts } from './protocol.ts'

/** A check with its place in the catalogue. */
export interface PlacedCheck<Kit = never> extends DeclaredCheck<Kit> {
  /** The id of its protocol; null for a check that compares protocols. */
  readonly protocol: string | null
  readonly role: Role
  readonly section: Section
  /** The variant that this instance of the check runs (`h2` of `ws/a/b@h2`); null where it has none. */
  readonly variant: string | null
}

/** All that is required: what `run` is given. */
export interface Catalogue<Kit = never> {
  readonly checks: readonly PlacedCheck<Kit>[]
  readonly expectations: readonly Expectation[]
}

/** What a run is given: the checks that it selects, and all there are, which its report refers to. */
export interface SelectedCatalogue<Kit = never> extends Catalogue<Kit> {
  readonly selected: readonly PlacedCheck<Kit>[]
}

/** What a file of checks exports: a `section`, checks, and arrays of checks. */
export interface SuiteFile {
  readonly path: string
  readonly exports: Readonly<Record<string, unknown>>
}

/** The first part of the ids of checks that compare protocols. */
const comparisonPrefix = 'both'

/**
 * Puts loaded files in the order of the text, and refuses what would be lost in silence: a check that is declared but
 * not exported or exported twice, an id that is used twice or has the prefix of another protocol, an `after` that is
 * unknown or circular.
 * @param protocols in the order in which their checks are listed; checks that compare protocols are last.
 */
export function assemble<Kit>(
  files: readonly SuiteFile[],
  declared: readonly DeclaredCheck[],
  protocols: readonly Pick<ProtocolFacts, 'id' | 'prefix'>[],
): PlacedCheck<Kit>[] {
  const placed: PlacedCheck<Kit>[] = []
  const paths = new Map<string, string>()
  for (const file of files) {
    const section = file.exports['section'] as Section | undefined
    const found = Object.values(file.exports).flat().filter(isCheck)
    if (found.length > 0 && section === undefined)
      throw new Error(`${file.path} exports checks but no section`)
    for (const check of found) {
      const path = paths.get(check.id)
      if (path !== undefined)
        throw new Error(`check ${check.id} is exported twice: by ${path} and ${file.path}`)
      paths.set(check.id, file.path)
      placed.push(...instancesOf(check as unknown as DeclaredCheck<Kit>, section as Section, protocols))
    }
  }
  for (const { id } of declared) {
    if (!paths.has(id)) throw new Error(`check ${id} is declared but not exported`)
  }
  const places = new Map(protocols.map(({ id }, index) => [id, index]))
  const placeOf = ({ protocol }: Section): number => places.get(protocol ?? '') ?? protocols.length
  placed.sort(
    (a, b) =>
      placeOf(a.section) - placeOf(b.section) || a.section.order - b.section.order || a.sequence - b.sequence,
  )
  return stableTopological(placed)
}

function isCheck(value: unknown): value is DeclaredCheck {
  return typeof value === 'object' && value !== null && 'id' in value && 'run' in value && 'sequence' in value
}

/** A check, or one for each of its variants. */
function instancesOf<Kit>(
  check: DeclaredCheck<Kit>,
  section: Section,
  protocols: readonly Pick<ProtocolFacts, 'id' | 'prefix'>[],
): PlacedCheck<Kit>[] {
  const { protocol, role = 'server' } = section
  const prefix = protocol === null ? comparisonPrefix : protocols.find(({ id }) => id === protocol)?.prefix
  if (prefix === undefined)
    throw new Error(`check ${check.id} is in a section of the protocol ${protocol}, which does not exist`)
  if (!check.id.startsWith(`${prefix}/`))
    throw new Error(`the id of check ${check.id} has to begin with ${prefix}/`)
  const placed = { ...check, protocol, role, section }
  if (check.variants === undefined) return [{ ...placed, variant: null }]
  return check.variants.map((variant) => ({ ...placed, id: `${check.id}@${variant}`, variant }))
}

/** Keeps the order of the text, except that a check comes after its prerequisites, whose ids become those of instances. */
function stableTopological<Kit>(checks: readonly PlacedCheck<Kit>[]): PlacedCheck<Kit>[] {
  const byId = new Map(checks.map((check) => [check.id, check]))
  const done = new Set<string>()
  const ordered: PlacedCheck<Kit>[] = []
  const visit = (check: PlacedCheck<Kit>, path: readonly string[]): void => {
    if (done.has(check.id)) return
    if (path.includes(check.id))
      throw new Error(
        `checks are prerequisites of each other in a circle: ${[...path, check.id].join(' -> ')}`,
      )
    const after = (check.after ?? []).flatMap((id) => prerequisitesOf(check, id, checks, byId))
    for (const earlier of after) visit(earlier, [...path, check.id])
    done.add(check.id)
    ordered.push(check.after === undefined ? check : { ...check, after: after.map(({ id }) => id) })
  }
  for (const check of checks) visit(check, [])
  return ordered
}

/** The check of this id; of one with variants, the instance of the same variant, or all instances where it has none. */
function prerequisitesOf<Kit>(
  check: PlacedCheck<Kit>,
  id: string,
  checks: readonly PlacedCheck<Kit>[],
  byId: ReadonlyMap<string, PlacedCheck<Kit>>,
): readonly PlacedCheck<Kit>[] {
  const exact = byId.get(id) ?? byId.get(`${id}@${check.variant}`)
  const found = exact === undefined ? checks.filter((other) => other.id.startsWith(`${id}@`)) : [exact]
  if (found.length === 0)
    throw new Error(`check ${check.id} has the prerequisite ${id}, which does not exist`)
  return found
}
