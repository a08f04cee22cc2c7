import type { Expectation } from '#peers/kit'

const opening = 'both/connection/opening-bytes'
const latency = 'both/performance/latency'

/**
 * The documented expectations: the statements of the published comparison of both protocols. A run confirms or
 * refutes each statement by the checks that name its id.
 */
export const expectations: readonly Expectation[] = [
  {
    id: 'EXP-CON-1',
    topic: 'connection',
    protocol: 'websocket',
    statement: 'WebSocket is full duplex: both sides send at any time, independently',
    needs: 'a WebSocket target',
    summary: (figure) =>
      sentence`answered ${figure('ws/connection/full-duplex', 'answersWhileSending')} Pings while one message was still being sent`,
  },
  {
    id: 'EXP-CON-2',
    topic: 'connection',
    protocol: 'websocket',
    statement: 'WebSocket keeps one TCP connection open for as long as needed',
    needs: 'a WebSocket target',
    summary: (figure) =>
      sentence`${figure('ws/connection/one-for-many', 'exchanges')} exchanges over one TCP connection`,
  },
  {
    id: 'EXP-CON-3',
    topic: 'connection',
    protocol: 'sse',
    statement: 'SSE goes from server to client only, over an HTTP response that stays open',
    needs: 'an SSE target',
  },
  {
    id: 'EXP-CON-4',
    topic: 'connection',
    protocol: 'sse',
    statement: 'SSE starts as an ordinary HTTP request',
    needs: 'an SSE target',
    summary: (figure) =>
      sentence`one GET and one response head: ${figure(opening, 'sseBytes')} bytes until the stream is open; the WebSocket took ${figure(opening, 'websocketBytes')}`,
  },
  {
    id: 'EXP-USE-1',
    topic: 'use cases',
    protocol: null,
    statement: 'WebSocket suits frequent two-way messages; SSE suits pushes from the server',
    needs: 'both targets, and a way to publish events (--publish-url)',
    summary: (figure) =>
      sentence`a two-way exchange takes ${figure(latency, 'websocketRoundTripP50Ms')} ms over WebSocket (median); a published event is pushed over SSE in ${figure(latency, 'ssePublishToEventP50Ms')} ms`,
  },
  {
    id: 'EXP-CMP-1',
    topic: 'compatibility',
    protocol: null,
    statement: 'Both work in modern browsers and in the clients that people use',
    needs: 'a target of either protocol',
    beyond:
      'a real Chromium and a real Firefox, which this version does not drive: it uses the clients ws, undici and eventsource instead',
  },
  {
    id: 'EXP-CMP-2',
    topic: 'compatibility',
    protocol: null,
    statement: 'SSE passes firewalls and proxies untouched; WebSocket may need configuration',
    needs: 'an SSE target',
    beyond:
      'the same target through nginx, HAProxy and a caching proxy: run once per address and compare the reports',
  },
  {
    id: 'EXP-PER-1',
    topic: 'performance',
    protocol: 'websocket',
    statement: 'WebSocket needs one handshake, then little overhead per message',
    needs: 'a WebSocket target that echoes',
    summary: (figure) =>
      sentence`${figure(opening, 'websocketBytes')} bytes to open, then ${figure(bytes(16), 'websocketBytes')} bytes on the wire for 16 of text (SSE: ${figure(bytes(16), 'sseBytes')}) and ${figure(bytes(1024), 'websocketBytes')} for 1024 (SSE: ${figure(bytes(1024), 'sseBytes')})`,
    holds: (figure) => atMost(figure('ws/performance/overhead', 'headerBytes'), 14),
  },
  {
    id: 'EXP-PER-2',
    topic: 'performance',
    protocol: null,
    statement: 'WebSocket has the lower two-way latency',
    needs: 'both targets, and a way to publish events (--publish-url)',
    summary: (figure) =>
      sentence`WebSocket round trip ${figure(latency, 'websocketRoundTripP50Ms')} ms (p99 ${figure(latency, 'websocketRoundTripP99Ms')}); SSE, from a POST to its event, ${figure(latency, 'ssePublishToEventP50Ms')} ms (p99 ${figure(latency, 'ssePublishToEventP99Ms')})`,
    holds: (figure) =>
      atMost(
        figure(latency, 'websocketRoundTripP50Ms'),
        withTolerance(figure(latency, 'ssePublishToEventP50Ms')),
      ),
  },
  {
    id: 'EXP-PER-3',
    topic: 'performance',
    protocol: 'sse',
    statement: 'SSE is efficient for occasional pushes and costs more at high rates',
    needs: 'an SSE target with a way to publish events (--publish-url)',
    summary: (figure) =>
      sentence`an event of 16 bytes takes ${figure(bytes(16), 'sseBytes')} bytes on the wire, an event of 1024 bytes takes ${figure(bytes(1024), 'sseBytes')}; ${figure('sse/performance/burst', 'eventsPerSecond')} events per second in a burst`,
  },
  {
    id: 'EXP-REC-1',
    topic: 'reconnection',
    protocol: 'websocket',
    statement: 'WebSocket does not reconnect by itself: the client must, and the server accepts it at once',
    needs: 'a WebSocket target',
    summary: (figure) =>
      sentence`a new connection is open ${figure('ws/reconnection/prompt-after-fin', 'backMs')} ms after FIN, ${figure('ws/reconnection/prompt-after-rst', 'backMs')} ms after RST and ${figure('ws/reconnection/prompt-after-black-hole-server-to-client', 'backMs')} ms after a black hole, each opened by the client`,
  },
  {
    id: 'EXP-REC-2',
    topic: 'reconnection',
    protocol: 'sse',
    statement: 'SSE clients reconnect by themselves',
    needs: 'an SSE target whose events can be published (--publish-url)',
    summary: (figure) =>
      sentence`the stream is open again ${rounded(figure('sse/reconnection/prompt-after-fin', 'reconnectMs'))} ms after FIN, ${rounded(figure('sse/reconnection/prompt-after-rst', 'reconnectMs'))} ms after RST and ${rounded(figure('sse/reconnection/prompt-after-black-hole', 'reconnectMs'))} ms after a black hole`,
  },
  {
    id: 'EXP-REC-3',
    topic: 'reconnection',
    protocol: 'sse',
    statement: 'Last-Event-ID resumes after the last received event: nothing lost, nothing twice, in order',
    needs: 'an SSE target that sends ids and replays, and a way to publish events (--publish-url)',
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
    needs: 'an SSE target; for all of its checks also a way to publish events (--publish-url)',
  },
  {
    id: 'EXP-LIM-2',
    topic: 'limitations',
    protocol: 'websocket',
    statement: 'WebSocket carries text and binary',
    needs: 'a WebSocket target that echoes',
  },
  {
    id: 'EXP-LIM-3',
    topic: 'limitations',
    protocol: 'websocket',
    statement: 'WebSocket needs explicit handling of errors and of reconnection',
    needs: 'a WebSocket target',
  },
  {
    id: 'EXP-LIM-4',
    topic: 'limitations',
    protocol: 'sse',
    statement: 'SSE has no messages from client to server',
    needs: 'an SSE target',
  },
  {
    id: 'EXP-SCA-1',
    topic: 'scalability',
    protocol: 'websocket',
    statement: 'Each WebSocket holds resources of the server for as long as it is open',
    needs: 'a WebSocket target',
    summary: (figure) =>
      sentence`20 connections were open within ${figure('ws/scalability/twenty-connections', 'allOpenMs')} ms, and 20 dropped connections were open again within ${figure('ws/scalability/twenty-reconnects', 'allBackMs')} ms`,
  },
  {
    id: 'EXP-SCA-2',
    topic: 'scalability',
    protocol: 'websocket',
    statement: 'Scaling WebSocket needs gateways and brokers',
    needs:
      'the same service with a load balancer in front of two instances: run once per address and compare the reports',
  },
  {
    id: 'EXP-SCA-3',
    topic: 'scalability',
    protocol: 'sse',
    statement: 'SSE fits load balancers, reverse proxies and caches',
    needs: 'an SSE target',
    beyond:
      'the same service with a load balancer in front of two instances: run once per address and compare the reports',
  },
]

function bytes(size: 16 | 1024): string {
  return `both/performance/bytes-per-message-${size}`
}

/** A sentence with figures in it; null if a figure is missing. */
function sentence(texts: TemplateStringsArray, ...values: readonly (number | null)[]): string | null {
  if (values.includes(null)) return null
  return texts.reduce((joined, text, index) => `${joined}${values[index - 1]}${text}`)
}

function rounded(figure: number | null): number | null {
  return figure === null ? null : Math.round(figure)
}

function atMost(figure: number | null, limit: number | null): boolean | null {
  return figure === null || limit === null ? null : figure <= limit
}

/** Times vary: a time counts as longer only if it is longer by a quarter. */
function withTolerance(figure: number | null): number | null {
  return figure === null ? null : figure * 1.25
}
