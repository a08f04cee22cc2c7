import type { DeclaredCheck, Section } from './check.ts'
import type { Expectation } from './expectation.ts'

/** A check with the section of the file that it stands in. */
export interface PlacedCheck<Kit = never> extends DeclaredCheck<Kit> {
  readonly section: Section
}

/** All that is required: what `run` is handed. */
export interface Catalogue<Kit = never> {
  readonly checks: readonly PlacedCheck<Kit>[]
  readonly expectations: readonly Expectation[]
}

/** What a file of checks exports: a `section`, checks, and arrays of checks. */
export interface SuiteFile {
  readonly path: string
  readonly exports: Readonly<Record<string, unknown>>
}

const protocolOrder = { websocket: 0, sse: 1, both: 2 } as const

/**
 * Puts loaded files in the order of the text, and refuses what would be silently lost: a check that is declared
 * but not exported, exported twice, an id taken twice, an `after` that is unknown or circular.
 */
export function assemble<Kit>(
  files: readonly SuiteFile[],
  declared: readonly DeclaredCheck[],
): PlacedCheck<Kit>[] {
  const placed: PlacedCheck<Kit>[] = []
  const homes = new Map<string, string>()
  for (const file of files) {
    const section = file.exports['section'] as Section | undefined
    const found = Object.values(file.exports).flat().filter(isCheck)
    if (found.length > 0 && section === undefined)
      throw new Error(`${file.path} exports checks but no section`)
    for (const one of found) {
      const home = homes.get(one.id)
      if (home !== undefined)
        throw new Error(`check ${one.id} is exported twice: by ${home} and ${file.path}`)
      homes.set(one.id, file.path)
      placed.push({ ...(one as unknown as DeclaredCheck<Kit>), section: section as Section })
    }
  }
  for (const one of declared) {
    if (!homes.has(one.id)) throw new Error(`check ${one.id} is declared but not exported`)
  }
  placed.sort(byText)
  return stableTopological(placed)
}

function isCheck(value: unknown): value is DeclaredCheck {
  return typeof value === 'object' && value !== null && 'id' in value && 'run' in value && 'sequence' in value
}

function byText(a: PlacedCheck, b: PlacedCheck): number {
  return (
    protocolOrder[a.section.protocol] - protocolOrder[b.section.protocol] ||
    a.section.order - b.section.order ||
    a.sequence - b.sequence
  )
}

/** Keeps the order of the text, except that a check comes behind those it builds on. */
function stableTopological<Kit>(checks: readonly PlacedCheck<Kit>[]): PlacedCheck<Kit>[] {
  const byId = new Map(checks.map((one) => [one.id, one]))
  const done = new Set<string>()
  const ordered: PlacedCheck<Kit>[] = []
  const visit = (one: PlacedCheck<Kit>, path: readonly string[]): void => {
    if (done.has(one.id)) return
    if (path.includes(one.id))
      throw new Error(`checks build on each other in a circle: ${[...path, one.id].join(' -> ')}`)
    for (const id of one.after ?? []) {
      const earlier = byId.get(id)
      if (earlier === undefined) throw new Error(`check ${one.id} builds on ${id}, which does not exist`)
      visit(earlier, [...path, one.id])
    }
    done.add(one.id)
    ordered.push(one)
  }
  for (const one of checks) visit(one, [])
  return ordered
}
