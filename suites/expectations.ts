import type { Expectation } from '#peers/kit'

const opening = 'both/connection/opening-bytes'
const latency = 'both/performance/latency'

/**
 * The documented expectations: what the comparison of the two protocols claims, statement by statement. A run
 * confirms or refutes each by the checks that name its id.
 */
export const expectations: readonly Expectation[] = [
  {
    id: 'EXP-CON-1',
    topic: 'connection',
    protocol: 'websocket',
    statement: 'WebSocket is full duplex: both sides send at any time, independently',
    needs: 'a websocket target',
    summary: (figure) =>
      tell`answered ${figure('ws/connection/full-duplex', 'answersWhileSending')} Pings while one message was still being sent`,
  },
  {
    id: 'EXP-CON-2',
    topic: 'connection',
    protocol: 'websocket',
    statement: 'WebSocket keeps one TCP connection open for as long as needed',
    needs: 'a websocket target',
    summary: (figure) =>
      tell`${figure('ws/connection/one-for-many', 'exchanges')} exchanges over one TCP connection`,
  },
  {
    id: 'EXP-CON-3',
    topic: 'connection',
    protocol: 'sse',
    statement: 'SSE goes from server to client only, over an HTTP response that stays open',
    needs: 'an sse target',
  },
  {
    id: 'EXP-CON-4',
    topic: 'connection',
    protocol: 'sse',
    statement: 'SSE starts as an ordinary HTTP request',
    needs: 'an sse target',
    summary: (figure) =>
      tell`one GET and one response head: ${figure(opening, 'sseBytes')} bytes until the stream is open; the WebSocket took ${figure(opening, 'websocketBytes')}`,
  },
  {
    id: 'EXP-USE-1',
    topic: 'use cases',
    protocol: 'both',
    statement: 'WebSocket suits frequent two-way messages; SSE suits pushes from the server',
    needs: 'both targets, and a way to publish events (--publish-url)',
    summary: (figure) =>
      tell`a two-way exchange takes ${figure(latency, 'websocketRoundTripP50Ms')} ms over WebSocket (median); a published event is pushed over SSE in ${figure(latency, 'ssePublishToEventP50Ms')} ms`,
  },
  {
    id: 'EXP-CMP-1',
    topic: 'compatibility',
    protocol: 'both',
    statement: 'Both work in modern browsers and in the clients that people use',
    needs: 'a target of either protocol',
    beyond:
      'a real Chromium and a real Firefox, which this version does not drive: the clients of ws and undici were asked instead',
  },
  {
    id: 'EXP-CMP-2',
    topic: 'compatibility',
    protocol: 'both',
    statement: 'SSE passes firewalls and proxies untouched; WebSocket may need configuration',
    needs: 'an sse target',
    beyond:
      'the same target behind nginx, HAProxy and a caching proxy: run once for each address and compare',
  },
  {
    id: 'EXP-PER-1',
    topic: 'performance',
    protocol: 'websocket',
    statement: 'WebSocket needs one handshake, then little overhead per message',
    needs: 'a websocket target that echoes',
    summary: (figure) =>
      tell`${figure(opening, 'websocketBytes')} bytes to open, then ${figure(bytes(16), 'websocketBytes')} bytes on the wire for 16 of text (SSE: ${figure(bytes(16), 'sseBytes')}) and ${figure(bytes(1024), 'websocketBytes')} for 1024 (SSE: ${figure(bytes(1024), 'sseBytes')})`,
    holds: (figure) => atMost(figure('ws/performance/overhead', 'headerOctets'), 14),
  },
  {
    id: 'EXP-PER-2',
    topic: 'performance',
    protocol: 'both',
    statement: 'WebSocket has the lower two-way latency',
    needs: 'both targets, and a way to publish events (--publish-url)',
    summary: (figure) =>
      tell`WebSocket round trip ${figure(latency, 'websocketRoundTripP50Ms')} ms (p99 ${figure(latency, 'websocketRoundTripP99Ms')}); SSE, by a POST and its event, ${figure(latency, 'ssePublishToEventP50Ms')} ms (p99 ${figure(latency, 'ssePublishToEventP99Ms')})`,
    holds: (figure) =>
      atMost(figure(latency, 'websocketRoundTripP50Ms'), clearly(figure(latency, 'ssePublishToEventP50Ms'))),
  },
  {
    id: 'EXP-PER-3',
    topic: 'performance',
    protocol: 'sse',
    statement: 'SSE is efficient for occasional pushes and costs more at high rates',
    needs: 'an sse target with a way to publish events (--publish-url)',
    summary: (figure) =>
      tell`an event of 16 bytes costs ${figure(bytes(16), 'sseBytes')}, one of 1024 costs ${figure(bytes(1024), 'sseBytes')}; ${figure('sse/performance/burst', 'eventsPerSecond')} events per second in a burst`,
  },
  {
    id: 'EXP-REC-1',
    topic: 'reconnection',
    protocol: 'websocket',
    statement: 'WebSocket does not reconnect by itself: the client must, and the server accepts it at once',
    needs: 'a websocket target',
    summary: (figure) =>
      tell`a new connection stands ${figure('ws/reconnection/prompt-after-fin', 'backMs')} ms after FIN, ${figure('ws/reconnection/prompt-after-rst', 'backMs')} ms after RST and ${figure('ws/reconnection/prompt-after-black-hole-down', 'backMs')} ms after a black hole, each opened by the client`,
  },
  {
    id: 'EXP-REC-2',
    topic: 'reconnection',
    protocol: 'sse',
    statement: 'SSE clients reconnect by themselves',
    needs: 'an sse target whose events can be published (--publish-url)',
    summary: (figure) =>
      tell`the stream is open again ${rounded(figure('sse/reconnection/prompt-after-fin', 'reconnectMs'))} ms after FIN, ${rounded(figure('sse/reconnection/prompt-after-rst', 'reconnectMs'))} ms after RST and ${rounded(figure('sse/reconnection/prompt-after-black-hole', 'reconnectMs'))} ms after a black hole`,
  },
  {
    id: 'EXP-REC-3',
    topic: 'reconnection',
    protocol: 'sse',
    statement: 'Last-Event-ID resumes after the last received event: nothing lost, nothing twice, in order',
    needs: 'an sse target that sends ids and replays, and a way to publish events (--publish-url)',
  },
  {
    id: 'EXP-SEC-1',
    topic: 'security',
    protocol: 'websocket',
    statement: 'WebSocket is secured by wss',
    needs: 'a wss address (the URL itself, or secureUrl.ws in the configuration)',
  },
  {
    id: 'EXP-SEC-2',
    topic: 'security',
    protocol: 'websocket',
    statement: 'WebSocket bypasses the protections of CORS and against CSRF, so it needs its own',
    needs: 'an origin that must be refused (--denied-origin)',
  },
  {
    id: 'EXP-SEC-3',
    topic: 'security',
    protocol: 'sse',
    statement: 'SSE is secured by https and by the mechanisms of HTTP',
    needs: 'an https address, and origins to allow and to refuse (--allowed-origin, --denied-origin)',
  },
  {
    id: 'EXP-LIM-1',
    topic: 'limitations',
    protocol: 'sse',
    statement: 'SSE carries UTF-8 text only',
    needs: 'an sse target; a way to publish events (--publish-url) for the whole of it',
  },
  {
    id: 'EXP-LIM-2',
    topic: 'limitations',
    protocol: 'websocket',
    statement: 'WebSocket carries text and binary',
    needs: 'a websocket target that echoes',
  },
  {
    id: 'EXP-LIM-3',
    topic: 'limitations',
    protocol: 'websocket',
    statement: 'WebSocket needs explicit handling of errors and of reconnection',
    needs: 'a websocket target',
  },
  {
    id: 'EXP-LIM-4',
    topic: 'limitations',
    protocol: 'sse',
    statement: 'SSE has no messages from client to server',
    needs: 'an sse target',
  },
  {
    id: 'EXP-SCA-1',
    topic: 'scalability',
    protocol: 'websocket',
    statement: 'Each WebSocket holds resources of the server for as long as it lives',
    needs: 'a websocket target',
    summary: (figure) =>
      tell`20 connections stood within ${figure('ws/scalability/twenty-connections', 'allOpenMs')} ms, and 20 that were dropped were back within ${figure('ws/scalability/twenty-reconnects', 'allBackMs')} ms`,
  },
  {
    id: 'EXP-SCA-2',
    topic: 'scalability',
    protocol: 'websocket',
    statement: 'Scaling WebSocket needs gateways and brokers',
    needs:
      'the same service behind a load balancer over two instances: run once for each address and compare',
  },
  {
    id: 'EXP-SCA-3',
    topic: 'scalability',
    protocol: 'sse',
    statement: 'SSE fits load balancers, reverse proxies and caches',
    needs: 'an sse target',
    beyond:
      'the same service behind a load balancer over two instances: run once for each address and compare',
  },
]

function bytes(size: 16 | 1024): string {
  return `both/performance/bytes-per-message-${size}`
}

/** A sentence with figures; null where one is missing. */
function tell(texts: TemplateStringsArray, ...figures: readonly (number | null)[]): string | null {
  if (figures.includes(null)) return null
  return texts.reduce((said, text, index) => `${said}${figures[index - 1]}${text}`)
}

function rounded(figure: number | null): number | null {
  return figure === null ? null : Math.round(figure)
}

function atMost(figure: number | null, limit: number | null): boolean | null {
  return figure === null || limit === null ? null : figure <= limit
}

/** Times vary: only what is a quarter longer is longer. */
function clearly(figure: number | null): number | null {
  return figure === null ? null : figure * 1.25
}
