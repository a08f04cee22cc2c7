// Everything that can be told about a target. Only `ws` or `sse` is needed; see docs/contract.md.
export default {
  ws: 'wss://staging.example/chat',
  sse: 'https://staging.example/events?channel=probe',

  // Credentials come from the environment; they reach no report.
  headers: { Authorization: `Bearer ${process.env.TOKEN}` },
  subprotocols: ['chat.v2'],

  // What the server wants to hear right after a WebSocket opens.
  opening: [{ send: '{"type": "hello"}' }, { expect: '"welcome"' }],

  allowedOrigin: 'https://app.example',
  deniedOrigin: 'https://evil.example',

  // Plain-text addresses that must not serve what the secure ones do.
  plainUrl: { ws: 'ws://staging.example/chat', sse: 'http://staging.example/events' },

  publish: {
    url: 'https://staging.example/publish/probe',
    headers: { 'Content-Type': 'application/json' },
    body: '{"data": {json:data}, "event": {json:event}, "id": {json:id}}',
  },

  // This service replays; if that breaks, it is a fail, and not merely not applicable.
  expects: ['sse.ids', 'sse.resume'],

  timeoutScale: 1.5,
  maxTime: '5m',
  failOn: 'should',
}
