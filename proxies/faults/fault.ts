import type { Direction, Fault, Proof, ToxicSpec } from '#proxies/types'

const toxicStreams = { 'client-to-server': 'upstream', 'server-to-client': 'downstream' } as const

interface SingleToxicFault {
  readonly name: string
  readonly direction: Direction
  readonly settings: Readonly<Record<string, number>>
  readonly type: string
  readonly attributes: Readonly<Record<string, number>>
  readonly severs: boolean
  readonly prove: Fault['prove']
}

/** A fault of one standard toxic. @throws RangeError if the toxic cannot take one of the settings. */
export function fault(definition: SingleToxicFault): Fault {
  const { type, attributes, ...rest } = definition
  for (const [name, value] of Object.entries(attributes)) requireCount(definition.name, name, value)
  const toxic: ToxicSpec = { type, stream: toxicStreams[definition.direction], attributes }
  return { ...rest, toxics: [toxic] }
}

/** @throws RangeError unless `value` is a whole number, 0 or more. */
export function requireCount(faultName: string, settingName: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`fault ${faultName}: ${settingName} must be a whole number, not ${value}`)
}

/** @param figures are rounded to hundredths. */
export const proven = (summary: string, figures: Readonly<Record<string, number>>): Proof => ({
  proven: true,
  summary,
  figures: rounded(figures),
})
export const notProven = (summary: string): Proof => ({ proven: false, summary })

function rounded(figures: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, Math.round(value * 100) / 100]),
  )
}

export const directionPhrase = (direction: Direction): string =>
  direction === 'client-to-server' ? 'towards the target' : 'from the target'

/** Times of two processes with their own timers are compared: up to 1 ms short does not count as early. */
export const timerToleranceMs = 1

/**
 * Whether `faultedMs` is later than `controlMs` because of a fault that takes at least `leastMs`: by at least half of
 * it. A target that is slow by itself varies a little from one exchange to the next, and that is no fault.
 */
export const isDelayedByFault = (faultedMs: number, controlMs: number, leastMs: number): boolean =>
  faultedMs - controlMs >= leastMs / 2
