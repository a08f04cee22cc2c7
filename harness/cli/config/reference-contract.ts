import { echoSubprotocol } from '#reference/websocket/rules'
import type { Contract } from '#protocols/index'
import type { Reference } from '#reference/start'

/** The contract of the embedded reference server. */
export function referenceContract(reference: Reference): Contract {
  return {
    ws: reference.ws.href,
    sse: reference.http.href,
    secureUrl: { ws: reference.wss.href, sse: reference.https.href },
    plainUrl: { ws: reference.plainWs.href, sse: reference.plainHttp.href },
    ca: reference.ca,
    allowedOrigin: reference.allowedOrigin,
    deniedOrigin: reference.deniedOrigin,
    subprotocols: [echoSubprotocol],
    publish: { url: `${reference.publish.href}?event={event}&id={id}`, body: '{data}' },
  }
}
