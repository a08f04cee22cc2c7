import { begin, end } from '#run/mocha/registration'

/** mocha calls this on its runner, before the first test: what `--grep` left out is not even started. */
export function mochaGlobalSetup(this: Mocha.Runner): void {
  // oxlint-disable-next-line no-this-in-exported-function -- that is how mocha hands over its runner
  begin(this)
}

/** And this behind the last one: frees what the run holds, also where no test of it ran. */
export async function mochaGlobalTeardown(): Promise<void> {
  await end()
}
