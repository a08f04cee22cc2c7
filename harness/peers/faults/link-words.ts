import { Inconclusive } from '#model/errors'

/** Waits for what the engine was told to do. */
export function engineDoes<T>(act: Promise<T>): Promise<T> {
  return act.catch((error: unknown) => {
    throw new Inconclusive('engine-failed', 'the engine did not do what it was told', { cause: error })
  })
}

/** `summary`: why, in the same words in every run. */
export function unproven(summary: string): Inconclusive {
  return new Inconclusive('fault-not-proven', summary)
}
