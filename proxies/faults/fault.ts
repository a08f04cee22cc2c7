import type { Direction, Fault, Proof, ToxicSpec } from '#proxies/types'

const streams = { 'client-to-server': 'upstream', 'server-to-client': 'downstream' } as const

interface Draft {
  readonly name: string
  readonly direction: Direction
  readonly settings: Readonly<Record<string, number>>
  readonly type: string
  readonly attributes: Readonly<Record<string, number>>
  readonly severs: boolean
  readonly prove: Fault['prove']
}

/** A fault of one standard toxic. @throws RangeError where a setting is none that the toxic can take. */
export function fault(draft: Draft): Fault {
  const { type, attributes, ...rest } = draft
  for (const [name, value] of Object.entries(attributes)) whole(draft.name, name, value)
  const toxic: ToxicSpec = { type, stream: streams[draft.direction], attributes }
  return { ...rest, toxics: [toxic] }
}

/** @throws RangeError */
export function whole(fault: string, name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`fault ${fault}: ${name} must be a whole number, not ${value}`)
}

export const struck = (summary: string, figures: Readonly<Record<string, number>>): Proof => ({
  struck: true,
  summary,
  figures: rounded(figures),
})
export const missed = (summary: string): Proof => ({ struck: false, summary })

function rounded(figures: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, Math.round(value * 100) / 100]),
  )
}

export const way = (direction: Direction): string =>
  direction === 'client-to-server' ? 'towards the target' : 'from the target'

/** Timers of two processes are compared: what is a thousandth of a second short is not early. */
export const grain = 1

/**
 * Whether `slow` is later than `usual` because of a fault that takes at least `leastMs`: by at least half of it. A
 * target that is as slow by itself is a little slower one time than the other, and that is no fault.
 */
export const isTold = (slow: number, usual: number, leastMs: number): boolean => slow - usual >= leastMs / 2
