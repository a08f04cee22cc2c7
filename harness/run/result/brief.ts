import type { Result } from '#model/result'

type Transcript = Result['transcript']

/** Entries of a transcript that is kept in brief: enough to see how a check passed. */
export const briefEntries = 24

/**
 * The first and the last entries of a transcript, and how many were left out between them: as many as `briefEntries`
 * with that line. What passed is most of a run, and hardly ever read; whole, it would be three quarters of the report.
 */
export function inBrief(entries: Transcript): Transcript {
  if (entries.length <= briefEntries) return entries
  const head = entries.slice(0, briefEntries / 2)
  const tail = entries.slice(1 - briefEntries / 2)
  const between = entries.slice(head.length, entries.length - tail.length)
  // Of a long one, entries were left out before: they count as what they stand for.
  const count = between.reduce((sum, { from, kind, note }) => {
    const before = from === 'harness' && kind === 'note' ? /^(\d+) entries left out$/.exec(note) : null
    return sum + (before === null ? 1 : Number(before[1]))
  }, 0)
  const ms = tail[0]?.ms ?? 0
  return [
    ...head,
    { ms, from: 'harness', kind: 'note', note: `${count} entries left out`, hex: null },
    ...tail,
  ]
}
