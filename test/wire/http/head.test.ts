import { expect } from 'chai'
import fc from 'fast-check'
import { HeadReader, formatRequest } from '#wire/http/head'
import type { HeadProgress, ResponseHead } from '#wire/http/head'

const latin1 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))
const string = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

function headOf(text: string): ResponseHead {
  const progress = new HeadReader().push(latin1(text))
  if (progress.state !== 'whole') throw new Error(`no head: ${JSON.stringify(progress)}`)
  return progress.head
}

function fault(text: string): string | null {
  const progress = new HeadReader().push(latin1(text))
  return progress.state === 'bad' ? progress.what : null
}

describe('formatRequest', () => {
  it('writes the head with the given letter case and order', () => {
    const head = formatRequest('GET', '/chat?a=1', 'HTTP/1.1', [
      ['hOst', 'example.com'],
      ['X', '\u00e9'],
    ])
    expect(string(head)).to.equal('GET /chat?a=1 HTTP/1.1\r\nhOst: example.com\r\nX: \u00e9\r\n\r\n')
  })

  it('inserts a raw line after the headers', () => {
    expect(string(formatRequest('GET', '/', 'HTTP/1.1', [], ' folded\n'))).to.equal(
      'GET / HTTP/1.1\r\n folded\n\r\n',
    )
  })
})

describe('HeadReader', () => {
  it('reads status and headers, and gives the bytes after the head', () => {
    const progress = new HeadReader().push(
      latin1('HTTP/1.1 101 Switching Protocols\r\nUpgrade:  websocket \r\n\r\n\x81\x00'),
    )
    expect(progress).to.have.property('state', 'whole')
    const { head, rest } = progress as Extract<HeadProgress, { state: 'whole' }>
    expect(head).to.deep.include({ version: 'HTTP/1.1', status: 101, reason: 'Switching Protocols' })
    expect(head.headers).to.deep.equal([['Upgrade', 'websocket']])
    expect(string(head.raw)).to.match(/\r\n\r\n$/)
    expect(string(rest)).to.equal('\x81\x00')
  })

  it('gives every value of a header, and its list elements', () => {
    const head = headOf('HTTP/1.1 200 OK\r\nA: 1, "2,3"\r\nb: x\r\na: 4,,\r\n\r\n')
    expect(head.all('A')).to.deep.equal(['1, "2,3"', '4,,'])
    expect(head.list('a')).to.deep.equal(['1', '"2,3"', '4'])
    expect(head.get('B')).to.equal('x')
    expect(head.get('c')).to.equal(null)
  })

  it('accepts a head without a reason phrase, with bare line feeds, with a folded line', () => {
    expect(headOf('HTTP/1.1 200\r\n\r\n').reason).to.equal('')
    expect(headOf('HTTP/1.0 204 No\nA: b\n\n').headers).to.deep.equal([['A', 'b']])
    expect(headOf('HTTP/1.1 200 OK\r\nA: b\r\n\tc\r\n\r\n').get('a')).to.equal('b c')
  })

  it('rejects bytes that are not HTTP at the first wrong byte', () => {
    expect(fault('HTTQ')).to.equal('bytes that are not an HTTP response')
    expect(fault('\x15\x03\x01')).to.equal('bytes that are not an HTTP response')
    expect(fault('HTTP')).to.equal(null)
  })

  it('rejects malformed lines', () => {
    expect(fault('HTTP/1.1 20 OK\r\n\r\n')).to.equal('an invalid status line')
    expect(fault('HTTP/1.1 200 OK\r\nno colon\r\n\r\n')).to.equal('a header line without a name and a colon')
  })

  it('rejects a head of more than 64 KiB', () => {
    const reader = new HeadReader()
    let last: HeadProgress = reader.push(latin1('HTTP/1.1 200 OK\r\nA: '))
    for (let at = 0; at < 80 && last.state === 'more'; at++)
      last = reader.push(new Uint8Array(1024).fill(120))
    expect(last).to.have.property('what', 'a head of more than 64 KiB')
  })

  it('reads the same head however it is split', () => {
    const whole = latin1('HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\nrest')
    const property = fc.property(fc.nat(whole.length), fc.nat(whole.length), (one, two) => {
      const [from, to] = [Math.min(one, two), Math.max(one, two)]
      const reader = new HeadReader()
      const rests: Uint8Array[] = []
      let found: ResponseHead | null = null
      for (const piece of [whole.subarray(0, from), whole.subarray(from, to), whole.subarray(to)]) {
        const progress: HeadProgress | null = found === null ? reader.push(piece) : null
        if (progress === null) rests.push(piece)
        else if (progress.state === 'whole') {
          found = progress.head
          rests.push(progress.rest)
        }
      }
      expect(found?.headers).to.deep.equal([
        ['A', 'b'],
        ['C', 'd'],
      ])
      expect(string(Buffer.concat(rests))).to.equal('rest')
    })
    fc.assert(property, { seed: 7, numRuns: 200 })
  })
})

describe('list', () => {
  it('splits at commas, not inside quotes', () => {
    const list = (value: string): readonly string[] =>
      headOf(`HTTP/1.1 200 OK\r\nA: ${value}\r\n\r\n`).list('a')
    expect(list('a; b="1,\\",2", c')).to.deep.equal(['a; b="1,\\",2"', 'c'])
    expect(list('a,"open, to the end')).to.deep.equal(['a', '"open, to the end'])
  })
})
