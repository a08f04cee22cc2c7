/** A stream of numbers in [0, 1) that a seed and a path of words decide. */
export type Random = () => number

/** FNV-1a over the words: each path of words has a stream of its own. */
function hash(words: readonly (string | number)[]): number {
  let state = 0x811c9dc5
  for (const character of words.join('\u0000')) {
    state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193)
  }
  return state >>> 0
}

/** Mulberry32: short, and good enough for sizes and delays. */
export function seededRandom(...words: readonly (string | number)[]): Random {
  let state = hash(words)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A whole number in [-spread, spread), as Toxiproxy draws jitter and slice sizes; 0 unless `spread` is positive. */
export function randomOffset(random: Random, spread: number): number {
  return spread > 0 ? Math.floor(random() * 2 * spread) - spread : 0
}
