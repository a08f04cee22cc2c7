import type { EngineOptions } from '../../proxies/types.ts'
import type { Invocation } from './invocation.ts'
import type { Options } from './options.ts'

/** What the engine is told by the options. */
export function engineOptions(options: Options, runId: string, env: Invocation['env']): EngineOptions {
  const { proxy, proxyListen, proxyAdvertise, proxyUpstream, timeoutScale } = options
  return {
    choice: proxy,
    runId,
    env,
    timeScale: timeoutScale,
    ...(proxyListen === null ? {} : { proxyListen }),
    ...(proxyAdvertise === null ? {} : { proxyAdvertise }),
    ...(proxyUpstream === null ? {} : { proxyUpstream }),
  }
}
