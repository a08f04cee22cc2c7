import type { Kit } from '#peers/kit'

/** Measures how long an answer took, in ms, under the given name. An answer that never comes is not measured. */
export async function timed<T>(kit: Kit, name: string, answer: () => Promise<T>): Promise<T> {
  const asked = kit.now()
  const value = await answer()
  kit.measure(name, kit.now() - asked)
  return value
}
