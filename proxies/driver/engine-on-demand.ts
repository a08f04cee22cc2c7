import { openEngine } from './open-engine.ts'
import type { Engine, EngineOptions, Fault, FaultProxy } from '#proxies/types'

/**
 * An engine that runs only while one of its proxies is open, so that users of the library have nothing to close. `kind`,
 * `version` and `api` are those of the engine that ran last, and empty before the first proxy.
 * @throws EngineError from `open`, if the engine cannot be opened.
 */
export function engineOnDemand(options: EngineOptions): Engine {
  let opening: Promise<Engine> | null = null
  let latest: Engine | null = null
  let openProxies = 0
  const release = async (): Promise<void> => {
    openProxies -= 1
    if (openProxies > 0) return
    const idle = opening
    opening = null
    // If the engine did not open, `open` has already thrown why.
    await (await idle?.catch(() => null))?.close()
  }
  const open = async (
    upstream: { readonly host: string; readonly port: number },
    faults?: readonly Fault[],
  ): Promise<FaultProxy> => {
    openProxies += 1
    opening ??= openEngine(options)
    try {
      latest = await opening
      return releasedOnClose(await latest.open(upstream, faults), release)
    } catch (error) {
      await release()
      throw error
    }
  }
  return {
    get kind() {
      return latest?.kind ?? 'embedded'
    },
    get version() {
      return latest?.version ?? ''
    },
    get api() {
      return latest?.api ?? ''
    },
    get remarks() {
      return latest?.remarks ?? []
    },
    open,
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

function releasedOnClose(proxy: FaultProxy, release: () => Promise<void>): FaultProxy {
  let closing: Promise<void> | null = null
  const closeAndRelease = async (): Promise<void> => {
    try {
      await proxy.close()
    } finally {
      await release()
    }
  }
  const close = (): Promise<void> => (closing ??= closeAndRelease())
  return {
    name: proxy.name,
    host: proxy.host,
    port: proxy.port,
    setFaults: (faults) => proxy.setFaults(faults),
    setEnabled: (enabled) => proxy.setEnabled(enabled),
    loggedConnections: (fault, withinMs) => proxy.loggedConnections(fault, withinMs),
    close,
    [Symbol.asyncDispose]: close,
  }
}
