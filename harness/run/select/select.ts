import { clauseName } from '#model/clause'
import { UsageError } from '#model/errors'
import { levels, specs, topics } from '#model/model'
import type { Catalogue, PlacedCheck, SelectedCatalogue } from '#model/catalogue'
import { suggestion } from '#common/edit-distance'
import type { Selection } from '#run/settings'

/**
 * The checks that are wanted, in the order of the catalogue.
 * @throws UsageError for an id, level, topic or clause that there is none of, and when nothing is left.
 */
export function select<Kit>(catalogue: Catalogue<Kit>, selection: Selection): SelectedCatalogue<Kit> {
  const { checks } = catalogue
  const only = idFilters(selection.only, '--only', checks)
  const skip = idFilters(selection.skip, '--skip', checks)
  const wantedLevels = words(selection.level, '--level', levels, (word) => word.toUpperCase())
  const wantedTopics = words(selection.topic, '--topic', topics, (word) => word.toLowerCase())
  const clauses = (selection.clause ?? []).map((clause) => clauseFilter(clause, checks))
  const found = checks.filter(
    (check) =>
      (only.length === 0 || only.some((matches) => matches(check.id))) &&
      !skip.some((matches) => matches(check.id)) &&
      (wantedLevels.length === 0 || wantedLevels.includes(check.level)) &&
      (wantedTopics.length === 0 || wantedTopics.includes(check.topic)) &&
      (clauses.length === 0 || clauses.some((matches) => matches(clauseName(check.clause)))) &&
      (selection.grep === undefined || selection.grep.test(fullTitle(check))),
  )
  if (found.length === 0) throw new UsageError('no check matched: see `streamproof list` for what there is')
  return { ...catalogue, selected: found }
}

/** What mocha's `--grep` is matched against. */
function fullTitle(check: PlacedCheck): string {
  return `${check.section.title} ${check.id}: ${check.title}`
}

function idFilters(
  given: readonly string[] | undefined,
  option: string,
  checks: readonly PlacedCheck[],
): ((id: string) => boolean)[] {
  return (given ?? []).map((pattern) => {
    const expression = globExpression(pattern)
    const matches = (id: string): boolean => expression.test(id)
    if (checks.some(({ id }) => matches(id))) return matches
    const ids = checks.map(({ id }) => id)
    const what = /[*?]/.test(pattern)
      ? `no check matches ${pattern}`
      : `there is no check ${pattern}${suggestion(pattern, ids)}`
    throw new UsageError(`${option}: ${what}; see \`streamproof list\``)
  })
}

/**
 * A glob over ids, whose parts are separated by `/`: `*` matches within one part and at the end of the glob also every
 * further part; `?` matches one character of a part; `**` matches across parts anywhere.
 */
export function globExpression(glob: string): RegExp {
  const source = glob
    .replace(/(?<!\*)\*$/, '**')
    .split(/(\*\*|\*|\?)/)
    .map((part) => globParts[part] ?? part.replaceAll(/[\\^$.+()[\]{}|/-]/g, '\\$&'))
    .join('')
  return new RegExp(`^${source}$`)
}

const globParts: Readonly<Record<string, string>> = { '**': '.*', '*': '[^/]*', '?': '[^/]' }

function words<W extends string>(
  given: readonly string[] | undefined,
  option: string,
  known: readonly W[],
  form: (word: string) => string,
): W[] {
  return (given ?? []).map((word) => {
    const found = known.find((one) => one === form(word))
    if (found === undefined) {
      throw new UsageError(
        `${option}: ${word} is none of ${known.join(', ')}${suggestion(form(word), known)}`,
      )
    }
    return found
  })
}

/** `RFC6455/5.5` takes in 5.5.1; `RFC6455` takes in all. Letter case of the standard's name does not matter. */
function clauseFilter(given: string, checks: readonly PlacedCheck[]): (name: string) => boolean {
  const [spec = '', ...rest] = given.split('/')
  if (!specs.some((one) => one === spec.toUpperCase())) {
    throw new UsageError(
      `--clause: ${spec} is none of ${specs.join(', ')}${suggestion(spec.toUpperCase(), specs)}`,
    )
  }
  const wanted = [spec.toUpperCase(), ...rest].join('/').replace(/\/$/, '')
  const matches = (name: string): boolean =>
    name === wanted || ['.', '/'].some((end) => name.startsWith(`${wanted}${end}`))
  if (checks.some((check) => matches(clauseName(check.clause)))) return matches
  throw new UsageError(
    `--clause: no check is about ${given}${suggestion(wanted, new Set(checks.map((check) => clauseName(check.clause))))}`,
  )
}
