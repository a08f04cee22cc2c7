import type { Mutant } from '../mutant.ts'

/** The reference's event stream and publish endpoint, each with one rule broken. */
export const sseMutants: readonly Mutant[] = []
