import type { Result } from '#model/result'

/** A result that is not a pass, as the error of a test. Its stack shows what a reader needs, and none of our frames. */
export class CheckFailure extends Error {
  override readonly name = 'CheckFailure'
  readonly expected?: string
  readonly actual?: string
  /** mocha's reporters ask for this before they show a difference of the two texts, which are sentences. */
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

/** Whether a test of a check with this verdict fails: a broken MUST, and whatever could not be judged. */
export function failsTest(verdict: Result['verdict']): boolean {
  return (
    verdict === 'fail' || verdict === 'harness-error' || verdict === 'blocked' || verdict === 'inconclusive'
  )
}
