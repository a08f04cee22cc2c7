import { AsyncLocalStorage } from 'node:async_hooks'

/** The check in whose async scope code runs: it is responsible for every error there that nobody catches. */
export interface ErrorOwner {
  readonly id: string
  /** May be called at any time, also long after the check has settled. */
  uncaught(error: unknown): void
}

const scopes = new AsyncLocalStorage<ErrorOwner>()

/** Runs a check in its own async scope. */
export function inScopeOf<T>(owner: ErrorOwner, run: () => T): T {
  return scopes.run(owner, run)
}

type Watcher = (error: unknown) => void

const watchers = new Set<Watcher>()

/**
 * Takes the errors that nobody catches while a run lasts: those of timers and emitters, and rejections without a handler.
 * An error in the scope of a check goes to that check; mocha, which would fail whichever test it is awaiting, does not
 * see it. Any other error goes to `unowned`.
 * @returns what ends this, and restores the handlers of the process.
 */
export function watchForLateErrors(unowned: Watcher): () => void {
  if (watchers.size === 0) install()
  watchers.add(unowned)
  return () => {
    if (!watchers.delete(unowned)) return
    if (watchers.size === 0) uninstall()
  }
}

let captured = false

function install(): void {
  // A capture callback runs before every `uncaughtException` listener. There can be one only; domains use it too.
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

/** mocha passes a rejection on to the other listeners, so the same error may arrive more than once. */
let last: unknown

function take(error: unknown): void {
  if (error === last && typeof error === 'object' && error !== null) return
  last = error
  const owner = scopes.getStore()
  if (owner !== undefined) owner.uncaught(error)
  else for (const unowned of watchers) unowned(error)
}
