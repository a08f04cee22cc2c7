import type { Result } from '#model/result'

type Transcript = Result['transcript']

/** Most entries in the transcript of a passed check: enough to see what it did. */
export const briefEntries = 24

/**
 * The first and the last entries of a transcript, with a note between them that says how many were left out; `briefEntries`
 * entries with that note. Passed checks are most of a run, and their complete transcripts, which are hardly ever read,
 * would be three quarters of the report.
 */
export function inBrief(entries: Transcript): Transcript {
  if (entries.length <= briefEntries) return entries
  const head = entries.slice(0, briefEntries / 2)
  const tail = entries.slice(1 - briefEntries / 2)
  const omitted = entries.slice(head.length, entries.length - tail.length)
  // A long transcript may have such a note already: the entries that it counts are added.
  const count = omitted.reduce((sum, { from, kind, note }) => {
    const counted = from === 'harness' && kind === 'note' ? /^(\d+) entries left out$/.exec(note) : null
    return sum + (counted === null ? 1 : Number(counted[1]))
  }, 0)
  const ms = tail[0]?.ms ?? 0
  return [
    ...head,
    { ms, from: 'harness', kind: 'note', note: `${count} entries left out`, hex: null },
    ...tail,
  ]
}
