import net from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/** A relay that keeps every byte from client to server, one buffer for each connection. */
export interface Relay extends AsyncDisposable {
  readonly port: number
  readonly connections: readonly (readonly Buffer[])[]
}

export async function relayTo(target: URL): Promise<Relay> {
  const connections: Buffer[][] = []
  const sockets = new Set<Socket>()
  const server = net.createServer((client) => {
    const received: Buffer[] = []
    connections.push(received)
    const upstream = net.connect({ host: 'localhost', port: Number(target.port) })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => socket.resetAndDestroy())
    }
    client.on('data', (bytes) => received.push(bytes))
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
    client.pipe(upstream)
    upstream.pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const tlsHandshake = 0x16

/** The connections that began with something other than a TLS handshake. */
export function plainTextOf(relays: readonly Relay[]): string[] {
  return relays
    .flatMap(({ connections }) => connections.map((pieces) => Buffer.concat(pieces)))
    .filter((bytes) => bytes.length > 0 && bytes[0] !== tlsHandshake)
    .map((bytes) => bytes.toString('latin1'))
}
