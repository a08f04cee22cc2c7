import { clauseName, clauseUrl } from '#model/clause'
import type { PlacedCheck } from '#model/catalogue'
import { levels } from '#model/model'
import { defaultBudgetMs } from '#run/prepare'
import { select } from '#run/select/select'
import { configure } from '#cli/config/configuration'
import { exitCodes } from '#cli/process/exit'
import type { CommandHandler } from '#cli/config/invocation'
import { folded, hangingIndent } from '#cli/output/layout'
import { selectionOf } from '#cli/config/settings'

/** `list`: prints the selected checks by section of the standard. */
export const listCommand: CommandHandler = async (invocation) => {
  const { options } = await configure({ ...invocation, positional: [] }, invocation.product.protocols)
  const { selected: found } = select(await invocation.product.loadCatalogue(), selectionOf(options))
  invocation.terminal.print(
    invocation.flags['json'] === true ? json(found) : text(found, invocation.terminal.listWidth),
  )
  return exitCodes.ok
}

/** Columns of a level, so that all of them have the same width. */
const levelWidth = Math.max(...levels.map((level) => level.length))

/** With fewer columns beside the id, level and title go on the next line. */
const minimumTitleWidth = 36

function text(checks: readonly PlacedCheck[], columns: number): string {
  const longest = Math.max(...checks.map(({ id }) => id.length))
  const isNarrow = columns < longest + levelWidth + minimumTitleWidth
  const sections = [...bySection(checks)].map(([title, ofSection]) => {
    const lines = ofSection.map((check) => {
      const mark = check.exclusive === undefined ? '' : '  (exclusive)'
      const level = check.level.padEnd(levelWidth)
      const heading = `  ${check.id.padEnd(longest)}  ${level}  `
      return isNarrow
        ? `  ${check.id}\n${hangingIndent(`    ${level}  `, `${check.title}${mark}`, columns)}`
        : hangingIndent(heading, `${check.title}${mark}`, columns)
    })
    return [...folded(title, columns), ...lines].join('\n')
  })
  const clauses = new Set(checks.map(({ clause }) => clauseName(clause))).size
  const sum = `${counted(checks.length, 'check')} of ${counted(clauses, 'clause')}`
  const hint = folded(`${sum}. Show one with \`streamproof explain ID\`.`, columns)
  return [...sections, hint.join('\n')].join('\n\n')
}

/**
 * The checks by the title of their section. The catalogue orders a check after its prerequisites, which may separate it
 * from the rest of its section.
 */
function bySection(checks: readonly PlacedCheck[]): ReadonlyMap<string, readonly PlacedCheck[]> {
  const sections = new Map<string, PlacedCheck[]>()
  for (const check of checks) {
    const { title } = check.section
    sections.set(title, [...(sections.get(title) ?? []), check])
  }
  return sections
}

function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`
}

function json(checks: readonly PlacedCheck[]): string {
  const exclusive = checks.filter((check) => check.exclusive !== undefined)
  return JSON.stringify(
    {
      total: checks.length,
      /** Exclusive checks run one after the other; `expectedDurationMs` is how long they take against a fast target, in ms. */
      exclusive: {
        checks: exclusive.length,
        expectedDurationMs: exclusive.reduce((sum, check) => sum + (check.expectedDurationMs ?? 0), 0),
      },
      checks: checks.map((check) => ({
        id: check.id,
        title: check.title,
        section: check.section.title,
        protocol: check.protocol,
        topic: check.topic,
        level: check.level,
        clause: { ...check.clause, url: clauseUrl(check.clause) },
        needs: check.needs ?? [],
        after: check.after ?? [],
        mutants: check.mutants,
        exclusive: check.exclusive ?? null,
        expectedDurationMs: check.expectedDurationMs ?? null,
        budgetMs: check.budget ?? defaultBudgetMs,
        expectations: check.expectations ?? [],
        autobahn: check.autobahn ?? null,
      })),
    },
    null,
    2,
  )
}
