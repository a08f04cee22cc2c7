import { openConnection } from '#peers/net/open-connection'
import type { ConnectionOptions } from '#peers/net/connection'
import type { SessionContext } from '#peers/session/context'
import { Exchange } from './exchange.ts'
import type { ExchangeOptions } from './exchange.ts'

type OpenExchangeOptions = Omit<ExchangeOptions, 'tls'> & Pick<ConnectionOptions, 'via' | 'maxTls'>

/**
 * Opens a connection and sends the request; does not wait for the response. A failed TLS handshake is in `tls.error`.
 *
 * @throws what `openConnection` throws.
 */
export async function openExchange(context: SessionContext, options: OpenExchangeOptions): Promise<Exchange> {
  const { endpoint, url, via, maxTls } = options
  const connection = await openConnection(context, { url, via, tls: endpoint.tls, maxTls })
  return new Exchange(context, connection, { ...options, tls: connection.tls })
}
