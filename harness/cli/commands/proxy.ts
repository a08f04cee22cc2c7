import { UsageError } from '#model/errors'
import { startProxyServer } from '#proxies/embedded/standalone'
import { exitCodes } from '#cli/process/exit'
import { flagPort, flagText } from '#cli/config/invocation'
import type { CommandHandler } from '#cli/config/invocation'
import { interruptible, untilSignalled } from '#cli/process/signals'
import { version } from '#run/version'

/** `proxy`: serves the embedded proxy engine until a signal arrives. Takes the flags of toxiproxy-server. */
export const proxyCommand: CommandHandler = async (invocation) => {
  const { terminal, flags } = invocation
  if (flags['version'] === true) {
    terminal.print(`streamproof proxy version ${version()}`)
    return exitCodes.ok
  }
  const config = flagText(invocation, 'config')
  const seed = flagText(invocation, 'seed')
  if (seed !== null && !/^-?\d{1,15}$/.test(seed)) throw new UsageError('--seed takes a whole number')
  const interruption = interruptible(terminal, null)
  const options = {
    host: flagText(invocation, 'host') ?? 'localhost',
    port: flagPort(invocation, 'port') ?? 8474,
    ...(config === null ? {} : { config }),
    ...(seed === null ? {} : { seed: Number(seed) }),
    proxyMetrics: flags['proxyMetrics'] === true,
    runtimeMetrics: flags['runtimeMetrics'] === true,
  }
  const server = await startProxyServer(options)
  terminal.print(`the proxy engine listens on ${server.url}`)
  try {
    return await untilSignalled(interruption)
  } finally {
    await server.close()
    interruption.release()
  }
}
