import type { Mutant } from './mutant.ts'
import { serverMutants } from './mutants/server.ts'
import { sseMutants } from './mutants/sse.ts'
import { tlsMutants } from './mutants/tls.ts'
import { webSocketMutants } from './mutants/websocket.ts'

export type { Mutant } from './mutant.ts'

/** Every mutant of the reference server. */
export const mutants: readonly Mutant[] = [
  ...serverMutants,
  ...tlsMutants,
  ...webSocketMutants,
  ...sseMutants,
]

/** The mutant with this name, or null. */
export function mutantNamed(name: string): Mutant | null {
  return mutants.find((mutant) => mutant.name === name) ?? null
}
