import type { Reference } from './start.ts'
import { echoSubprotocol } from './websocket/rules.ts'

/** The contract of the embedded reference server. */
export function referenceContract(reference: Reference) {
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
