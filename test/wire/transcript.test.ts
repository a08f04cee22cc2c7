import { expect } from 'chai'
import { Transcript } from '#wire/transcript'

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text))

describe('Transcript', () => {
  it('keeps the time of an entry to a tenth of a millisecond, and its bytes as hex', () => {
    const transcript = new Transcript({ now: () => 1.26 })
    transcript.add('harness', 'frame', 'PING, 1 byte', Uint8Array.of(0x89, 0x01, 0x61))
    expect(transcript.entries()).to.deep.equal([
      { ms: 1.3, from: 'harness', kind: 'frame', note: 'PING, 1 byte', hex: '890161' },
    ])
  })

  it('cuts long bytes, and says so', () => {
    const transcript = new Transcript({ now: () => 0, maxBytes: 2 })
    transcript.add('harness', 'bytes', 'a', Uint8Array.of(1, 2))
    transcript.add('harness', 'bytes', 'b', Uint8Array.of(1, 2, 3))
    transcript.add('harness', 'head', 'c', new Uint8Array(9))
    expect(transcript.entries().map(({ hex }) => hex)).to.deep.equal(['0102', '0102..', '0000000000000000..'])
  })

  it('redacts before it cuts, so that no part of a secret remains', () => {
    const transcript = new Transcript({
      now: () => 0,
      maxBytes: 8,
      redactText: (value) => value.replaceAll('secret', '***'),
      redactBytes: (value) => bytes(Buffer.from(value).toString().replaceAll('secret', '***')),
    })
    transcript.add('harness', 'head', 'to secret', bytes('x'.repeat(30) + 'secret'))
    transcript.add('harness', 'bytes', 'b', bytes('x: secret and more'))
    const [head, piece] = transcript.entries()
    expect(head?.note).to.equal('to ***')
    expect(Buffer.from(head?.hex?.replace('..', '') ?? '', 'hex').toString()).to.equal('x'.repeat(30) + '**')
    expect(Buffer.from(piece?.hex?.replace('..', '') ?? '', 'hex').toString()).to.equal('x: *** a')
  })

  it('counts a repeated note on one line', () => {
    const transcript = new Transcript({ now: () => 0 })
    for (let at = 0; at < 3; at++) transcript.add('target', 'event', 'heartbeat')
    transcript.add('harness', 'event', 'heartbeat')
    expect(transcript.entries().map(({ note }) => note)).to.deep.equal(['heartbeat (3 times)', 'heartbeat'])
  })

  it('keeps the first and the last entries of very many', () => {
    const transcript = new Transcript({ now: () => 0, maxEntries: 4 })
    for (let at = 0; at < 1000; at++) transcript.add('harness', 'note', `line ${at}`)
    expect(transcript.entries().map(({ note }) => note)).to.deep.equal([
      'line 0',
      'line 1',
      '996 entries left out',
      'line 998',
      'line 999',
    ])
  })
})
