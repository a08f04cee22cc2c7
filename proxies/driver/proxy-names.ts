/**
 * The name of a proxy of a run: `streamproof-<run>-<time>-<number>`, with the time in seconds since 1970. The time shows
 * whether a proxy on a shared Toxiproxy belongs to a run that is still active or was left by one that was killed.
 * @param time in ms since 1970.
 */
export function proxyName(runId: string, number: number, time = Date.now()): string {
  return `streamproof-${runId.replaceAll(/[^A-Za-z0-9_-]/g, '-')}-${Math.floor(time / 1000)}-${number}`
}

const runProxyName = /^streamproof-(.+)-(\d{10})-\d+$/

/** A run that has created no proxy for this long has ended. An active run renews its lease three times as often. */
const orphanedAfterMs = 3_600_000
export const leaseRenewalMs = orphanedAfterMs / 3

/**
 * The names of proxies whose run has ended. The age of a run is that of its newest proxy, so a proxy that an active run
 * has held for hours is not orphaned.
 * @param now in ms since 1970, of the same clock as the times in the names.
 */
export function orphanedProxies(names: readonly string[], now = Date.now()): readonly string[] {
  const newestOf = new Map<string, number>()
  const runProxies = names.flatMap((name) => {
    const [, run, time] = runProxyName.exec(name) ?? []
    if (run === undefined || time === undefined) return []
    newestOf.set(run, Math.max(newestOf.get(run) ?? 0, Number(time) * 1000))
    return [{ name, run }]
  })
  return runProxies
    .filter(({ run }) => now - (newestOf.get(run) ?? 0) > orphanedAfterMs)
    .map(({ name }) => name)
}
