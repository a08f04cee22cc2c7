/**
 * Names of our proxies: `streamproof-<run>-<time>-<number>`, the time in seconds since 1970. By it, what a run that
 * died has left on a shared Toxiproxy can be told from what a live one still uses.
 */
export function proxyName(runId: string, number: number, time = Date.now()): string {
  return `streamproof-${runId.replaceAll(/[^A-Za-z0-9_-]/g, '-')}-${Math.floor(time / 1000)}-${number}`
}

const ours = /^streamproof-(.+)-(\d{10})-\d+$/

/** A run that has made no proxy for as long is dead: a live one renews its sign of life three times in it. */
const deadAfterMs = 3_600_000
export const renewalMs = deadAfterMs / 3

/**
 * Those of these names that are proxies of runs of ours that have died: the youngest proxy of a run tells its age, so
 * one that a live run has held for hours stays. `now` is of the same clock as the times in the names.
 */
export function leftBehind(names: readonly string[], now = Date.now()): readonly string[] {
  const last = new Map<string, number>()
  const found = names.flatMap((name) => {
    const [, run, time] = ours.exec(name) ?? []
    if (run === undefined || time === undefined) return []
    last.set(run, Math.max(last.get(run) ?? 0, Number(time) * 1000))
    return [{ name, run }]
  })
  return found.filter(({ run }) => now - (last.get(run) ?? 0) > deadAfterMs).map(({ name }) => name)
}
