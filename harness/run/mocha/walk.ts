import Mocha from 'mocha'
import type { PlacedCheck } from '#model/catalogue'
import type { Result } from '#model/result'

/** What mocha walks: a check, and the promise of its result (null: the run was stopped before there was one). */
export interface Walked {
  readonly check: PlacedCheck
  /** Known before the walk; null where the check is observed. */
  readonly notApplicable: string | null
  readonly result: Promise<Result | null>
}

/** A result that is no pass, as the error of a test. Its stack is what a reader needs: nothing of ours. */
export class Fallen extends Error {
  override readonly name = 'Fallen'
  readonly expected?: string
  readonly actual?: string
  /** What mocha's reporters ask before they show a difference of the two texts, which are sentences. */
  readonly showDiff = false

  constructor(result: Result) {
    super(described(result))
    if (result.expected !== null) this.expected = result.expected
    if (result.actual !== null) this.actual = result.actual
    this.stack = `${this.name}: ${this.message}`
  }
}

function described({ verdict, level, clause, expected, actual, reason, reproduce }: Result): string {
  const what =
    expected === null ? (reason ?? verdict) : `expected ${expected}; actual: ${actual ?? 'nothing'}`
  return `${verdict} (${level}, ${clause.spec} ${clause.section}): ${what}\n  ${reproduce}`
}

/** How a verdict shows in mocha: what is not as it should be is a failed test, what does not apply is pending. */
export function failsTest(verdict: Result['verdict']): boolean {
  return (
    verdict === 'fail' || verdict === 'harness-error' || verdict === 'blocked' || verdict === 'inconclusive'
  )
}

/**
 * Has mocha walk the list in order and await each result; `reported` is called as each test ends. mocha prints
 * nothing, exits nothing, times out nothing, and leaves nothing behind in the process.
 */
export async function walk(walked: readonly Walked[], reported: (result: Result) => void): Promise<void> {
  const mocha = new Mocha({
    // The base of all reporters collects, and prints nothing.
    reporter: Mocha.reporters.Base,
    timeout: 0,
    retries: 0,
  })
  for (const [title, group] of grouped(walked)) {
    const suite = Mocha.Suite.create(mocha.suite, title)
    for (const one of group) {
      // Observed or not, each is a test: one that does not apply is pending, with its reason.
      const test = new Mocha.Test(titleOf(one), async function (this: Mocha.Context) {
        const result = await one.result
        if (result === null) return this.skip()
        reported(result)
        if (result.verdict === 'not-applicable') return this.skip()
        if (failsTest(result.verdict)) throw new Fallen(result)
      })
      suite.addTest(test)
    }
  }
  await new Promise<void>((resolve) => {
    mocha.run(() => resolve())
  })
  mocha.dispose()
}

export function titleOf({ check, notApplicable }: Pick<Walked, 'check' | 'notApplicable'>): string {
  const plain = `${check.id}: ${check.title}`
  return notApplicable === null ? plain : `${plain} (not applicable: ${notApplicable})`
}

/** Checks by the title of their section, in the order of the catalogue. */
export function grouped<W extends { readonly check: PlacedCheck }>(walked: readonly W[]): Map<string, W[]> {
  const groups = new Map<string, W[]>()
  for (const one of walked) {
    const title = one.check.section.title
    groups.set(title, [...(groups.get(title) ?? []), one])
  }
  return groups
}
