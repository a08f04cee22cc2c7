import { startProxyServer } from '#proxies/embedded/standalone'

/** A Toxiproxy that others use as well: a proxy of theirs is on it. */
export interface SharedEngine extends AsyncDisposable {
  readonly url: string
  /** The names of all proxies that it has now. */
  names(): Promise<string[]>
}

/** The only proxy that must be there before a run, and after it. */
export const foreignProxy = 'somebody-elses'

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
