import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { mutants } from '#reference/mutants'
import { Raw, frame, opened, request, sample, serve } from './raw.ts'

/** Pseudo-random bytes, the same in every run. */
function noise(seed: string, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 64) }, (_none, at) =>
    createHash('sha512').update(`${seed}/${at}`).digest(),
  )
  return Buffer.concat(blocks).subarray(0, length)
}

/** Without the mutants that drop a connection because of another. */
const named = mutants
  .filter(({ protocol, rules }) => protocol === 'websocket' && rules.afterLoss === undefined)
  .map(({ name }) => name)
  .concat('accept-everything')

describe('reference: hostile input', () => {
  it('keeps serving after random bytes instead of a request or of frames', async () => {
    await using served = await serve()
    for (let round = 0; round < 40; round += 1) {
      using first = new Raw(served.port)
      first.send(noise(`request ${round}`, 600))
      first.finish()
      using second = await opened(served.port, ['Sec-WebSocket-Extensions: permessage-deflate'])
      second.send(noise(`frames ${round}`, 600))
      second.finish()
      await Promise.all([first.rest(), second.rest()])
    }
    using after = await opened(served.port)
    after.send(frame(0x89, 'alive'))
    expect(await after.take(7)).to.equal(`8a05${Buffer.from('alive').toString('hex')}`)
  })

  it('keeps serving after masked frames with a random first byte, as each mutant', async () => {
    for (const mutant of named) {
      await using served = await serve({ mutant })
      const frames = Array.from({ length: 64 }, (_none, at) =>
        frame(noise(`${mutant} ${at}`, 1)[0] ?? 0, noise(`${at}`, at * 3)),
      )
      for (let from = 0; from < frames.length; from += 8) {
        using raw = new Raw(served.port)
        raw.send(request([...sample, 'Sec-WebSocket-Extensions: permessage-deflate']))
        raw.send(Buffer.concat(frames.slice(from, from + 8)))
        await raw.head()
      }
      using after = new Raw(served.port)
      after.send(request(sample))
      expect(await after.head(), mutant).to.match(/^HTTP\/1\.1 /)
    }
  }).timeout(20_000)
})
