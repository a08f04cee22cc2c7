import { expect } from 'chai'
import fc from 'fast-check'
import { hexDump, hexLines } from '#reports/view/hex'

describe('reports: hex', () => {
  it('shows sixteen bytes in a row, with their ASCII characters', () => {
    const hex = Buffer.from('GET /live HTTP/1.1\r\n').toString('hex')
    expect(hexLines(hexDump(hex, 96))).to.deep.equal([
      '4745 5420 2f6c 6976 6520 4854 5450 2f31  GET /live HTTP/1',
      '2e31 0d0a                                .1..',
    ])
  })

  it('says how many bytes are not shown', () => {
    const hex = '00'.repeat(20)
    expect(hexLines(hexDump(hex, 16)).at(-1)).to.equal('… 4 more bytes')
    expect(hexLines(hexDump(`${hex}..`, 16)).at(-1)).to.equal('… at least 4 more bytes')
    expect(hexLines(hexDump(`${hex}..`, 64)).at(-1)).to.equal('…')
    expect(hexLines(hexDump('', 64))).to.deep.equal([])
  })

  it('returns text that is not hex unchanged', () => {
    expect(hexLines(hexDump('\u001b[2J', 64))).to.deep.equal(['\u001b[2J'])
  })

  it('shows every byte once', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const { rows } = hexDump(Buffer.from(bytes).toString('hex'), 100)
        expect(rows.map((row) => row.bytes.replaceAll(' ', '')).join('')).to.equal(
          Buffer.from(bytes).toString('hex'),
        )
        expect(rows.map((row) => row.ascii).join('')).to.have.length(bytes.length)
      }),
    )
  })
})
