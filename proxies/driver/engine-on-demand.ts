import { openEngine } from './open-engine.ts'
import type { Engine, EngineOptions, Fault, FaultProxy } from '#proxies/types'

/**
 * An engine that runs only while one of its links is open: for a library whose user should have nothing to close.
 * `kind`, `version` and `api` are those of the engine that ran last; before the first link, of none.
 * @throws EngineError from `open`, where the engine cannot be had.
 */
export function engineOnDemand(options: EngineOptions): Engine {
  let current: Promise<Engine> | null = null
  let last: Engine | null = null
  let links = 0
  const release = async (): Promise<void> => {
    links -= 1
    if (links > 0) return
    const idle = current
    current = null
    // One that did not open has told so already.
    await (await idle?.catch(() => null))?.close()
  }
  const open = async (
    upstream: { readonly host: string; readonly port: number },
    faults?: readonly Fault[],
  ): Promise<FaultProxy> => {
    links += 1
    current ??= openEngine(options)
    try {
      last = await current
      return closingWith(await last.open(upstream, faults), release)
    } catch (error) {
      await release()
      throw error
    }
  }
  return {
    get kind() {
      return last?.kind ?? 'embedded'
    },
    get version() {
      return last?.version ?? ''
    },
    get api() {
      return last?.api ?? ''
    },
    get remarks() {
      return last?.remarks ?? []
    },
    open,
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

function closingWith(link: FaultProxy, release: () => Promise<void>): FaultProxy {
  let closing: Promise<void> | null = null
  const closed = async (): Promise<void> => {
    try {
      await link.close()
    } finally {
      await release()
    }
  }
  const close = (): Promise<void> => (closing ??= closed())
  return {
    name: link.name,
    host: link.host,
    port: link.port,
    get faults() {
      return link.faults
    },
    setFaults: (faults) => link.setFaults(faults),
    setEnabled: (enabled) => link.setEnabled(enabled),
    loggedConnections: (fault, withinMs) => link.loggedConnections(fault, withinMs),
    close,
    [Symbol.asyncDispose]: close,
  }
}
