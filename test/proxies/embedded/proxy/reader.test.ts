import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { expect } from 'chai'
import { SocketReader } from '#proxies/embedded/proxy/reader'
import { startEngineServer } from '#proxies/embedded/server/server'
import type { EngineServer } from '#proxies/embedded/server/server'

/** Does what a socket does: gets the buffer again before each read. */
function reads(reader: SocketReader, ...pieces: readonly string[]): readonly number[] {
  return pieces.map((piece) => {
    const buffer = reader.onread.buffer()
    reader.onread.callback(buffer.write(piece))
    return buffer.length
  })
}

describe('SocketReader', () => {
  it('reads into the same small buffer while nothing is kept', () => {
    const reader = new SocketReader()
    const texts: string[] = []
    reader.onData = (data) => {
      texts.push(data.toString())
      return false
    }
    const before = reader.onread.buffer()
    expect(reads(reader, 'one', 'two', 'three')).to.deep.equal([2048, 2048, 2048])
    expect(reader.onread.buffer()).to.equal(before)
    expect(texts).to.deep.equal(['one', 'two', 'three'])
  })

  it('allocates a large buffer after a full read and a small one after a short read', () => {
    const reader = new SocketReader()
    const full = 'x'.repeat(2048)
    expect(reads(reader, full, 'y'.repeat(3000), 'z'.repeat(3000), 'short', 'short')).to.deep.equal([
      2048, 65536, 65536, 65536, 2048,
    ])
  })

  it('never overwrites kept bytes', () => {
    const reader = new SocketReader()
    const kept: Buffer[] = []
    reader.keepsData = () => true
    reader.onData = (data) => {
      kept.push(data)
      return true
    }
    const pieces = ['a'.repeat(2048), 'b'.repeat(60_000), 'c'.repeat(65_536), 'd', 'e'.repeat(1500), 'f']
    reads(reader, ...pieces)
    expect(kept.map(String)).to.deep.equal(pieces)
  })

  it('copies a few kept bytes, so that they do not keep a whole buffer', () => {
    const reader = new SocketReader()
    const kept: Buffer[] = []
    reader.keepsData = () => true
    reader.onData = (data) => {
      kept.push(data)
      return true
    }
    const before = reader.onread.buffer()
    reads(reader, 'few', 'new')
    expect(reader.onread.buffer()).to.equal(before)
    expect(kept.map(String)).to.deep.equal(['few', 'new'])
  })
})

describe('bytes of any sizes from an upstream to a slow reader', () => {
  let engine: EngineServer
  let upstream: Server
  const sizes = [1, 100, 2047, 2048, 2049, 70_000, 5, 65_536, 131_072, 3000, 3000, 12]
  const sent = Buffer.concat(
    Array.from({ length: 240 }, (_, index) => Buffer.alloc(sizes[index % sizes.length] ?? 1, index)),
  )
  const digest = (data: Buffer): string => createHash('sha256').update(data).digest('hex')

  before(async () => {
    engine = await startEngineServer({ host: '127.0.0.1', port: 0, seed: 1 })
    upstream = createServer((socket) => {
      socket.on('error', () => undefined)
      let at = 0
      const next = (index: number): void => {
        if (at >= sent.length) return void socket.end()
        const size = sizes[index % sizes.length] ?? 1
        socket.write(sent.subarray(at, at + size), () => next(index + 1))
        at += size
      }
      next(0)
    })
    upstream.listen(0, '127.0.0.1')
    await once(upstream, 'listening')
  })

  after(async () => {
    await engine.close()
    upstream.close()
  })

  const toxics = [
    null,
    { type: 'latency', attributes: { latency: 5, jitter: 3 } },
    { type: 'bandwidth', attributes: { rate: 200_000 } },
    { type: 'slicer', attributes: { average_size: 10_000, size_variation: 5000 } },
  ]
  for (const toxic of toxics) {
    it(`arrive unchanged through ${toxic?.type ?? 'a proxy without toxics'}`, async () => {
      const name = toxic?.type ?? 'plain'
      const created = await fetch(`${engine.url}/proxies`, {
        method: 'POST',
        body: JSON.stringify({
          name,
          listen: '127.0.0.1:0',
          upstream: `127.0.0.1:${(upstream.address() as AddressInfo).port}`,
          streamproof: { toxics: toxic === null ? [] : [toxic] },
        }),
      })
      const { listen } = (await created.json()) as { listen: string }
      const port = Number(listen.split(':')[1])
      const client: Socket = connect({ port, host: '127.0.0.1' })
      const received: Buffer[] = []
      let count = 0
      client.on('data', (data) => {
        received.push(data)
        count += 1
        // Pauses at times, so that bytes accumulate in the proxy.
        if (count % 5 !== 0) return
        client.pause()
        setImmediate(() => setImmediate(() => client.resume()))
      })
      await once(client, 'close')
      expect(digest(Buffer.concat(received))).to.equal(digest(sent))
    })
  }
})
