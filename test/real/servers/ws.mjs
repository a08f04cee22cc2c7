// The echo example of the README of `ws`, with its defaults. `--deflate` enables permessage-deflate.
import { WebSocketServer } from 'ws'

const wss = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  perMessageDeflate: process.argv.includes('--deflate'),
})
wss.on('connection', (socket) => {
  socket.on('error', () => {})
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
})
wss.on('listening', () => console.log(`listening ${wss.address().port}`))
