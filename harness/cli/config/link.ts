import type { EngineOptions } from '#proxies/types'
import { addressOf } from '#peers/session/context'
import type { Targets } from '#target/contract/contract'
import type { Invocation } from './invocation.ts'
import type { Options } from './options.ts'

/** The settings of the proxy engine, from the options. */
export function engineOptions(
  options: Options,
  runId: string,
  { env, targets }: { readonly env: Invocation['env']; readonly targets?: Targets },
): EngineOptions {
  const { proxy, proxyListen, proxyAdvertise, proxyUpstream, timeoutScale } = options
  return {
    choice: proxy,
    runId,
    env,
    targets: [targets?.websocket, targets?.sse].flatMap((one) =>
      one === null || one === undefined ? [] : [addressOf(one.url)],
    ),
    timeScale: timeoutScale,
    ...(proxyListen === null ? {} : { proxyListen }),
    ...(proxyAdvertise === null ? {} : { proxyAdvertise }),
    ...(proxyUpstream === null ? {} : { proxyUpstream }),
  }
}
