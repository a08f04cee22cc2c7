import { createServer } from 'node:http'
import WebSocket from 'faye-websocket'

const http = createServer((_request, response) => response.writeHead(404).end())
http.on('upgrade', (request, socket, body) => {
  if (!WebSocket.isWebSocket(request)) return
  const ws = new WebSocket(request, socket, body)
  ws.on('message', (event) => ws.send(event.data))
})
http.listen(0, '127.0.0.1', () => console.log(`listening ${http.address().port}`))
