import type { RunConfiguration } from '#run/open-run'
import type { Invocation } from './invocation.ts'
import type { Options } from './options.ts'

/** The settings of the proxy engine, from the options. */
export function proxyOptions(options: Options, env: Invocation['env']): RunConfiguration['proxy'] {
  const { proxy, proxyListen, proxyAdvertise, proxyUpstream } = options
  return {
    choice: proxy,
    env,
    ...(proxyListen === null ? {} : { proxyListen }),
    ...(proxyAdvertise === null ? {} : { proxyAdvertise }),
    ...(proxyUpstream === null ? {} : { proxyUpstream }),
  }
}
