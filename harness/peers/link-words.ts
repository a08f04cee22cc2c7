import { Inconclusive } from '../check/errors.ts'

/** Waits for what the engine was told to do. */
export async function engineDoes(act: Promise<void>): Promise<void> {
  await act.catch((error: unknown) => {
    throw new Inconclusive('engine-failed', 'the engine did not do what it was told', { cause: error })
  })
}

/** `says`: why, in the same words in every run. */
export function unproven(says: string): Inconclusive {
  return new Inconclusive('fault-not-proven', says)
}
