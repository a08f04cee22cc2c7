// The least that a proxy costs on Node: two sockets piped into each other, without toxics, API and log. For orientation.
// Takes the upstream's ports as arguments and prints its own: flood, echo.
import { connect, createServer } from 'node:net'

const pipeTo = (upstream) =>
  new Promise((resolve) => {
    const server = createServer({ noDelay: true }, (client) => {
      const socket = connect({ port: upstream, host: '127.0.0.1', noDelay: true })
      client.on('error', () => socket.destroy())
      socket.on('error', () => client.destroy())
      client.on('close', () => socket.destroy())
      socket.on('close', () => client.destroy())
      client.pipe(socket).pipe(client)
    })
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => resolve(server.address().port))
  })

const ports = await Promise.all(process.argv.slice(2).map((port) => pipeTo(Number(port))))
process.stdout.write(`${ports.join(' ')}\n`)
process.on('SIGUSR2', () => globalThis.gc?.())
