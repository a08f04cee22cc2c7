import { startProxyServer } from '#proxies/embedded/standalone'

/** A Toxiproxy with a proxy that belongs to another user. */
export interface SharedEngine extends AsyncDisposable {
  readonly url: string
  /** The names of its proxies. */
  names(): Promise<string[]>
}

/** The only proxy that must exist before and after a run. */
export const foreignProxy = 'of-another-user'

export async function sharedEngine(): Promise<SharedEngine> {
  const server = await startProxyServer({ host: '127.0.0.1', port: 0 })
  await fetch(`${server.url}/proxies`, {
    method: 'POST',
    body: JSON.stringify({ name: foreignProxy, listen: '127.0.0.1:0', upstream: '127.0.0.1:9' }),
  })
  return {
    url: server.url,
    names: async () => Object.keys((await (await fetch(`${server.url}/proxies`)).json()) as object),
    [Symbol.asyncDispose]: () => server.close(),
  }
}
