import { constants, createDeflateRaw } from 'node:zlib'

/** One message after the other by a deflater that keeps its context, each without its empty block (RFC 7692 7.2.1). */
export async function deflated(messages: readonly Uint8Array[], windowBits = 15): Promise<Uint8Array[]> {
  const deflater = createDeflateRaw({ windowBits })
  const results: Uint8Array[] = []
  for (const message of messages) {
    const parts: Buffer[] = []
    const collect = (part: Buffer): unknown => parts.push(part)
    deflater.on('data', collect).write(message)
    await new Promise<void>((resolve) => deflater.flush(constants.Z_SYNC_FLUSH, () => resolve()))
    deflater.off('data', collect)
    results.push(Uint8Array.from(Buffer.concat(parts).subarray(0, -4)))
  }
  deflater.close()
  return results
}
