/**
 * The p-th percentile of measured values, by the nearest rank: a value that was measured, never one in between.
 * `p` from 0 to 100. Rounded to hundredths, which is finer than any clock here can tell.
 */
export function percentile(values: readonly number[], p: number): number {
  if (values.length === 0) throw new RangeError('no values to take a percentile of')
  const sorted = values.toSorted((a, b) => a - b)
  const rank = Math.min(sorted.length, Math.max(1, Math.ceil((p / 100) * sorted.length)))
  return Math.round((sorted[rank - 1] ?? 0) * 100) / 100
}
