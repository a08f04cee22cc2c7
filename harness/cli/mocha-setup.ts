import { begin, end } from '#run/mocha/registration'

/** mocha calls this on its runner before the first test. Checks that `--grep` excludes are then never started. */
export function mochaGlobalSetup(this: Mocha.Runner): void {
  // oxlint-disable-next-line no-this-in-exported-function -- that is how mocha hands over its runner
  begin(this)
}

/** mocha calls this after the last test. It closes what the run opened, even if no test was run. */
export async function mochaGlobalTeardown(): Promise<void> {
  await end()
}
