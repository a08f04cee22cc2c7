import { AsyncLocalStorage } from 'node:async_hooks'

/** Whom an error is charged to that nobody caught: the check in whose async scope it was thrown. */
export interface Culprit {
  readonly id: string
  /** May be called at any time, also long after the check has settled. */
  charge(error: unknown): void
}

const scopes = new AsyncLocalStorage<Culprit>()

/** Runs a check in its own async scope. */
export function inScopeOf<T>(culprit: Culprit, run: () => T): T {
  return scopes.run(culprit, run)
}

type Foreign = (error: unknown) => void

const watchers = new Set<Foreign>()

/**
 * Takes errors that nobody caught for as long as a run lasts: thrown by timers and emitters, and rejections without a
 * handler. One thrown in the scope of a check is charged to that check; mocha, which would charge whatever test it
 * happens to await, does not see it. One that belongs to no check goes to `foreign`.
 * @returns what ends it, and puts everything back as it was.
 */
export function watchForLateErrors(foreign: Foreign): () => void {
  if (watchers.size === 0) install()
  watchers.add(foreign)
  return () => {
    if (!watchers.delete(foreign)) return
    if (watchers.size === 0) uninstall()
  }
}

let captured = false

function install(): void {
  // A capture callback comes before every listener of `uncaughtException`. Somebody may hold it already (domains).
  captured = !process.hasUncaughtExceptionCaptureCallback()
  if (captured) process.setUncaughtExceptionCaptureCallback(take)
  else process.prependListener('uncaughtException', take)
  process.prependListener('unhandledRejection', take)
}

function uninstall(): void {
  if (captured) process.setUncaughtExceptionCaptureCallback(null)
  else process.off('uncaughtException', take)
  process.off('unhandledRejection', take)
}

/** mocha hands a rejection on to the other listeners, so that one error may come by more than once. */
let last: unknown

function take(error: unknown): void {
  if (error === last && typeof error === 'object' && error !== null) return
  last = error
  const culprit = scopes.getStore()
  if (culprit !== undefined) culprit.charge(error)
  else for (const foreign of watchers) foreign(error)
}
