import { expect } from 'chai'
import { markdown } from '#reports/markdown'
import { mixedReport, passingReport, reportOf } from './support/fixture.ts'
import { result } from './support/results.ts'
import { hostile, reportSaying } from './support/hostile.ts'
import { blocksOf, withoutCode } from './support/readers.ts'

describe('reports: markdown', () => {
  it('begins with the totals', () => {
    const [title, says, ...rest] = blocksOf(markdown(mixedReport())).filter(({ kind }) => kind !== 'gap')
    expect(title?.parts).to.deep.equal(['# ✗ Streamproof: failed'])
    expect(says?.parts).to.deep.equal(['3 requirements are broken (exit status 1).'])
    const rows = rest.filter(({ kind }) => kind === 'row').map(({ parts }) => parts)
    expect(rows[0]?.[0]).to.equal('total')
    expect(rows[2]).to.deep.equal(['141', '130', '3', '1', '1', '1', '1', '1', '3'])
  })

  it('has tables with the same number of cells in each row', () => {
    for (const report of [mixedReport(), passingReport(), reportSaying(hostile)]) {
      let width = 0
      for (const { kind, parts } of blocksOf(markdown(report))) {
        if (kind === 'row' && width > 0) expect(parts, parts.join(' | ')).to.have.length(width)
        width = kind === 'row' ? parts.length : 0
      }
    }
  })

  it('shows the requirement, the evidence and the command of each failure', () => {
    const text = markdown(mixedReport())
    expect(text).to.include('### ✗ `ws/control/ping-over-125`')
    expect(text).to.include('[RFC6455/5.5](https://www.rfc-editor.org/rfc/rfc6455#section-5.5)')
    expect(text).to.include(
      '| `the target to end the connection` | `a Pong with the 126 bytes, and the connection stayed open` |',
    )
    expect(text).to.include('4.9 ms < PONG, 126 bytes')
    expect(text).to.include('repeat    streamproof run')
  })

  it('shows the documented expectations side by side', () => {
    const blocks = blocksOf(markdown(mixedReport()))
    const head = blocks.findIndex(({ parts }) => parts.join() === ',WebSocket,Server-Sent Events')
    expect(head).to.be.greaterThan(0)
    const cells = blocks.slice(head).flatMap(({ parts }) => parts)
    for (const id of ['EXP-CON-1', 'EXP-USE-1', 'EXP-PER-2', 'EXP-SCA-3']) {
      expect(cells.filter((cell) => cell.includes(` ${id}: `))).to.have.length(1)
    }
  })

  it('puts hostile text into code and keeps its structure', () => {
    const wild = blocksOf(markdown(reportSaying(hostile)))
    const calm = blocksOf(markdown(reportSaying('calm')))
    const shape = (blocks: typeof wild): string[] =>
      blocks.map(({ kind, parts }) => (kind === 'row' ? `${kind} ${parts.length}` : kind))
    expect(shape(wild)).to.deep.equal(shape(calm))
    const open = wild
      .filter(({ kind }) => kind !== 'fence')
      .flatMap(({ parts }) => parts.map(withoutCode))
      .join('\n')
    expect(open).to.not.match(/evil|alert|everyone|onerror|@|GH-|0123456789abcdef|smile/)
    expect(open.replaceAll(/<\/?(details|summary)>|<br>/g, '')).to.not.match(/[<>]/)
  })

  it('stays below the limit of a job summary, and says how much it left out', () => {
    const many = Array.from({ length: 4000 }, (_, index) =>
      result(`ws/many/failure-${index}`, { spec: 'RFC6455', section: '5.5' }, 'protocol', {
        verdict: 'fail',
        expected: 'e'.repeat(900),
        actual: 'ä'.repeat(900),
      }),
    )
    const text = markdown(reportOf(many, 1))
    expect(Buffer.byteLength(text)).to.be.within(800_000, 1024 * 1024 - 1)
    expect(text).to.match(/\d+ more failures left out to limit the size/)
    expect(text).to.include('## Documented expectations')
  })
})
