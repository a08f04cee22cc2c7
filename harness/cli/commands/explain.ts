import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { clauseName, clauseUrl } from '#model/clause'
import { UsageError } from '#model/errors'
import { failingVerdict } from '#model/judge'
import type { PlacedCheck } from '#model/catalogue'
import { capabilitiesOf } from '#model/protocol'
import { reportSchema } from '#model/result'
import type { Result } from '#model/result'
import { mutantNamed } from '#reference/mutants'
import { defaultBudgetMs } from '#run/prepare'
import { suggestion } from '#common/edit-distance'
import { configure, shortest } from '#cli/config/configuration'
import { exitCodes } from '#cli/process/exit'
import type { CommandHandler } from '#cli/config/invocation'
import { hangingIndent } from '#cli/output/layout'
import { oneLine } from '#cli/output/terminal'

/** `explain ID`: prints what the declaration of a check says, and the verdict of the last report. */
export const explainCommand: CommandHandler = async (invocation) => {
  const [id = ''] = invocation.positional
  const { checks, expectations } = await invocation.product.loadCatalogue()
  const check = checks.find((candidate) => candidate.id === id)
  if (check === undefined) {
    const ids = checks.map((candidate) => candidate.id)
    throw new UsageError(`there is no check ${oneLine(id)}${suggestion(id, ids)}; see \`streamproof list\``)
  }
  const { options } = await configure(
    { ...invocation, positional: [], flags: {} },
    invocation.product.protocols,
  )
  const capabilities = capabilitiesOf(invocation.product.protocols)
  const report = resolve(invocation.folder, options.out, 'report.json')
  const rows: readonly (readonly [name: string, value: string | null])[] = [
    ['requirement', `the target ${check.title}`],
    [
      'level',
      `${check.level}: a target that does not comply gets the verdict "${failingVerdict(check.level)}"`,
    ],
    [
      'clause',
      [clauseName(check.clause), clauseUrl(check.clause)].filter((part) => part !== null).join('  '),
    ],
    ['section', check.section.title],
    ['topic', check.topic],
    ['protocol', check.protocol ?? `${(check.section.compares ?? []).join(' and ')}, compared`],
    ['needs', lines(check.needs, (name) => `${name}: ${capabilities[name]?.meaning ?? 'unknown'}`)],
    ['prerequisites', lines(check.after, (name) => name)],
    [
      'runs',
      check.exclusive === undefined ? 'in parallel with other checks' : exclusiveReasons[check.exclusive],
    ],
    [
      'duration',
      check.expectedDurationMs === undefined
        ? null
        : `about ${check.expectedDurationMs} ms against a fast server`,
    ],
    ['time budget', `${check.budget ?? defaultBudgetMs} ms, multiplied by --timeout-scale`],
    [
      'fails on',
      lines(
        check.mutants,
        (name) => `mutant ${name}: ${mutantNamed(name)?.breaks ?? 'there is no such mutant'}`,
      ),
    ],
    [
      'statements',
      lines(
        check.expectations,
        (name) => `${name}: ${expectations.find((candidate) => candidate.id === name)?.statement ?? ''}`,
      ),
    ],
    ['Autobahn case', check.autobahn ?? null],
    ['last verdict', lastVerdict(report, invocation.folder, id)],
    ['command', `streamproof run URL --only ${id}`],
  ]
  const text = rows.flatMap(([name, value]) =>
    (value ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line, index) =>
        hangingIndent(
          `  ${(index === 0 ? name : '').padEnd(nameWidth)}`,
          line,
          invocation.terminal.listWidth,
        ),
      ),
  )
  invocation.terminal.print([check.id, ...text].join('\n'))
  return exitCodes.ok
}

/** Columns of the names of rows. */
const nameWidth = 15

const exclusiveReasons = {
  time: 'alone (exclusive), because it measures time',
  load: 'alone (exclusive), because it loads the target',
} as const satisfies Record<NonNullable<PlacedCheck['exclusive']>, string>

/** One line for each value; null if there are none. */
function lines<T>(values: readonly T[] | undefined, line: (value: T) => string): string | null {
  return values === undefined || values.length === 0 ? null : values.map((value) => line(value)).join('\n')
}

/** The verdict in the last report in the output folder; null if there is none that can be read. */
function lastVerdict(path: string, folder: string, id: string): string | null {
  if (!existsSync(path)) return null
  try {
    const report = reportSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
    const result = report.results.find((candidate) => candidate.id === id)
    if (result === undefined) return null
    return `${result.verdict}${reasonOf(result)}, in ${shortest(path, folder)} of ${report.run.startedAt}`
  } catch {
    return null
  }
}

function reasonOf({ reason, expected, actual }: Result): string {
  if (reason !== null) return oneLine(` (${reason})`)
  return expected === null || actual === null ? '' : oneLine(` (expected ${expected}; actual: ${actual})`)
}
