// The upstream server of all variants, in its own process. Prints its ports: flood, echo.
import { createServer } from 'node:net'

const block = Buffer.alloc(64 * 1024, 'x')

const flood = createServer({ noDelay: true }, (socket) => {
  const pump = () => {
    while (socket.writable && socket.write(block)) {
      // write until the socket is full
    }
  }
  socket.on('drain', pump)
  socket.on('error', () => undefined)
  // Only after the client has sent something, so that an idle connection stays idle.
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
