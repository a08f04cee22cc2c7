// The keys that describe a server. Only `ws` or `sse` is required; docs/contract.md describes all of them.
export default {
  ws: 'wss://staging.example/chat',
  sse: 'https://staging.example/events?channel=probe',

  // Credentials from the environment. They never reach a report.
  headers: { Authorization: `Bearer ${process.env.TOKEN}` },
  subprotocols: ['chat.v2'],

  // Messages that the server and the client exchange right after a WebSocket opens.
  opening: [{ send: '{"type": "hello"}' }, { expect: '"welcome"' }],

  allowedOrigin: 'https://app.example',
  deniedOrigin: 'https://evil.example',

  // Plain-text URLs that must not offer what the secure ones do.
  plainUrl: { ws: 'ws://staging.example/chat', sse: 'http://staging.example/events' },

  publish: {
    url: 'https://staging.example/publish/probe',
    headers: { 'Content-Type': 'application/json' },
    body: '{"data": {json:data}, "event": {json:event}, "id": {json:id}}',
  },

  // This server replays events. If that breaks, it is a failure instead of "not applicable".
  expects: ['sse.ids', 'sse.resume'],

  timeoutScale: 1.5,
  maxTime: '5m',
  failOn: 'should',
}
