import type { Result } from '#model/result'
import { watchForLateErrors } from '#run/schedule/late-errors'
import { resultFor, scheduleOf } from '#run/prepare'
import type { Prepared } from '#run/prepare'
import type { Schedule } from '#run/schedule/schedule'
import type { RunSettings } from '#run/settings'
import type { RunTools } from '#run/schedule/tools'
import type { Planned } from '#run/select/plan'
import { CheckFailure, failsTest } from '#run/result/check-failure'

/** What a file of mocha has to offer: its globals, or stand-ins for them. */
export interface MochaGlobals {
  describe(title: string, body: () => void): unknown
  it(title: string, body?: (this: Mocha.Context) => Promise<void>): Mocha.Test
  after(body: () => Promise<void>): void
}

/** Registered tests by what they are about, for `begin`. */
const registered = new WeakMap<
  object,
  { readonly id: string; readonly choose: (ids: ReadonlySet<string>) => void }
>()

/**
 * Registers every check of a prepared run as a test of mocha, for its reporters, `--grep` and editors. Checks run ahead
 * of the test that mocha has reached; none starts before the first test or `begin`.
 * @param dispose closes what was opened for the run, after the last test.
 */
export function register<Kit>(
  tools: RunTools<Kit>,
  prepared: Prepared<Kit>,
  settings: RunSettings,
  dispose: () => Promise<void>,
  // oxlint-disable-next-line no-restricted-globals -- mocha defines `describe` and `it` there
  globals: MochaGlobals = globalThis,
): void {
  let chosen: ReadonlySet<string> | null = null
  let running: Running<Kit> | null = null
  const started = (): Running<Kit> => (running ??= start(tools, prepared, settings, chosen))
  for (const [title, group] of bySection(prepared.plan)) {
    globals.describe(title, () => {
      for (const planned of group) {
        if (planned.notApplicable !== null) {
          globals.it(titleOf(planned))
          continue
        }
        const test = globals.it(titleOf(planned), async function (this: Mocha.Context) {
          const result = await started().result(planned)
          if (result === null) return this.skip()
          if (failsTest(result.verdict)) throw new CheckFailure(result)
        })
        registered.set(test, { id: planned.check.id, choose: (ids) => (chosen ??= ids) })
      }
    })
  }
  let ended: Promise<void> | null = null
  const end = async (): Promise<void> => {
    await running?.end()
    await dispose()
  }
  const endOnce = (): Promise<void> => (ended ??= end())
  ends.add(endOnce)
  globals.after(endOnce)
}

/** The title of the test of a check. */
function titleOf<Kit>({ check, notApplicable }: Planned<Kit>): string {
  const plain = `${check.id}: ${check.title}`
  return notApplicable === null ? plain : `${plain} (not applicable: ${notApplicable.reason})`
}

/** Checks by the title of their section, in the order of the catalogue. */
function bySection<Kit>(plan: readonly Planned<Kit>[]): Map<string, Planned<Kit>[]> {
  const groups = new Map<string, Planned<Kit>[]>()
  for (const planned of plan) {
    const { title } = planned.check.section
    groups.set(title, [...(groups.get(title) ?? []), planned])
  }
  return groups
}

const ends = new Set<() => Promise<void>>()

/** Frees what registered runs hold. For `mochaGlobalTeardown`: where no test was run, no hook of a suite is either. */
export async function end(): Promise<void> {
  for (const one of ends) await one()
  ends.clear()
}

/**
 * Finds which of the registered tests mocha will run, so that the other checks are never started. A global fixture
 * (`mochaGlobalSetup`), which mocha calls on its runner, has to call this.
 */
export function begin(runner: Mocha.Runner): void {
  // mocha has no public property for `--grep`. Without these two every check is run, which is only slower.
  const { _grep: grep, _invert: invert = false } = runner as unknown as { _grep?: RegExp; _invert?: boolean }
  const tests: { readonly id: string; readonly choose: (ids: ReadonlySet<string>) => void }[] = []
  runner.suite.eachTest((test: Mocha.Test) => {
    const one = registered.get(test)
    if (one !== undefined && (grep === undefined || grep.test(test.fullTitle()) !== invert)) tests.push(one)
  })
  const ids = new Set(tests.map(({ id }) => id))
  for (const { choose } of tests) choose(ids)
}

interface Running<Kit> {
  readonly schedule: Schedule<Kit>
  result(planned: Planned<Kit>): Promise<Result | null>
  end(): Promise<void>
}

function start<Kit>(
  tools: RunTools<Kit>,
  prepared: Prepared<Kit>,
  settings: RunSettings,
  chosen: ReadonlySet<string> | null,
): Running<Kit> {
  const plan = prepared.plan.filter(({ check }) => chosen === null || chosen.has(check.id))
  const schedule = scheduleOf(tools, { ...prepared, plan }, settings)
  // mocha reports errors that belong to no check: they are passed to its listener.
  const unwatch = watchForLateErrors((error) => process.emit('uncaughtException', error as Error))
  const done = schedule.run()
  return {
    schedule,
    async result({ check, target }) {
      const entry = schedule.entries.find((one) => one.check === check && one.target === target)
      await entry?.settled
      return entry === undefined ? null : resultFor(entry, settings)
    },
    async end() {
      // Tests that mocha gave up (--bail) are not waited for.
      schedule.stop()
      await done
      unwatch()
    },
  }
}
