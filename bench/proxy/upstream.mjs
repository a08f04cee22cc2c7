// The server behind the proxies under measurement, in a process of its own. Prints its ports: flood, echo.
import { createServer } from 'node:net'

const block = Buffer.alloc(64 * 1024, 'x')

const flood = createServer({ noDelay: true }, (socket) => {
  const pump = () => {
    while (socket.writable && socket.write(block)) {
      // until the socket is full
    }
  }
  socket.on('drain', pump)
  socket.on('error', () => undefined)
  // Not before the client asks: an idle connection stays idle.
  socket.once('data', pump)
})

const echo = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => undefined)
  socket.on('data', (data) => socket.write(data))
})

const listen = (server) =>
  new Promise((resolve) => {
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => resolve(server.address().port))
  })

process.stdout.write(`${await listen(flood)} ${await listen(echo)}\n`)
