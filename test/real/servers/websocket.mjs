import { createServer } from 'node:http'
import websocket from 'websocket'

const http = createServer((_request, response) => response.writeHead(404).end())
const server = new websocket.server({ httpServer: http, autoAcceptConnections: false })
server.on('request', (request) => {
  const connection = request.accept(null, request.origin)
  connection.on('message', (message) =>
    message.type === 'utf8' ? connection.sendUTF(message.utf8Data) : connection.sendBytes(message.binaryData),
  )
})
http.listen(0, '127.0.0.1', () => console.log(`listening ${http.address().port}`))
