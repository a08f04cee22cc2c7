/**
 * Names of our proxies: `streamproof-<run>-<time>-<number>`, the time in seconds since 1970 to base 36. By it, what a run
 * that died has left on a shared Toxiproxy can be told from what a live one still uses.
 */
export function proxyName(runId: string, number: number, time = Date.now()): string {
  return `streamproof-${runId.replaceAll(/[^A-Za-z0-9_-]/g, '-')}-${Math.floor(time / 1000).toString(36)}-${number}`
}

/** No proxy of a live run is as old: each lasts for one check. */
const deadAfterMs = 3_600_000

/** True for a proxy of ours that its run has left behind. `now` is of the same clock as the times in the names. */
export function isLeftBehind(name: string, now = Date.now()): boolean {
  const time = /^streamproof-.+-([0-9a-z]{6,7})-\d+$/.exec(name)?.[1]
  if (time === undefined) return false
  const age = now - Number.parseInt(time, 36) * 1000
  return age > deadAfterMs
}
