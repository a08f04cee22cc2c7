import { expect } from 'chai'
import { alikeName, alikeOf } from '#reports/view/alike'
import { formats } from '#reports/index'
import { mixedReport, passingReport, reportOf, result } from '../fixture.ts'

const clause = { spec: 'RFC6455', section: '5.5' } as const

function falls(count: number, more: Parameters<typeof result>[3], name = 'one') {
  return Array.from({ length: count }, (_, index) =>
    result(`ws/${name}/fall-${index}`, clause, 'protocol', { verdict: 'fail', ...more }),
  )
}

describe('reports: what fell in the same way', () => {
  it('is nothing where nothing fell, or everything in its own way', () => {
    expect(alikeOf(passingReport())).to.deep.equal([])
    expect(alikeOf(mixedReport())).to.deep.equal([])
    expect(alikeOf(reportOf(falls(4, { expected: 'a', actual: 'b' }), 1))).to.deep.equal([])
  })

  it('groups by what was expected and what came, the largest group first, what fell hardest first in it', () => {
    const close = { by: 'target', how: 'fin', code: null } as const
    const report = reportOf(
      [
        ...falls(3, { verdict: 'warn', expected: 'a', actual: 'b', close }, 'soft'),
        ...falls(6, { expected: 'a', actual: 'b', close }),
        ...falls(7, { expected: 'other', actual: 'b' }, 'other'),
        ...falls(5, { verdict: 'harness-error', reason: 'TypeError: x' }, 'ours'),
      ],
      1,
    )
    const groups = alikeOf(report)
    expect(groups.map(alikeName)).to.deep.equal([
      '9 checks fell in the same way: 6 fail, 3 warn',
      '7 checks fell in the same way: 7 fail',
      '5 checks fell in the same way: 5 harness-error',
    ])
    expect(groups.map(({ expected, actual, ended }) => [expected, actual, ended])).to.deep.equal([
      ['a', 'b', 'by target, fin'],
      ['other', 'b', null],
      [null, 'TypeError: x', null],
    ])
    expect(groups[0]?.results[0]?.id).to.equal('ws/one/fall-0')
  })

  it('stands before the list of falls in every report that is read, and leaves nothing out of that list', () => {
    const report = reportOf(falls(60, { expected: 'a <Pong>', actual: 'nothing | came' }), 1)
    for (const format of ['terminal', 'html', 'markdown', 'junit'] as const) {
      const text = formats[format](report)
      const lead = text.indexOf(
        format === 'html' ? '<strong>60 checks</strong>' : '60 checks fell in the same way',
      )
      expect(lead, format).to.be.greaterThan(0)
      if (format !== 'junit') expect(lead, format).to.be.lessThan(text.lastIndexOf('What fell'))
      for (const { id } of report.results) expect(text.slice(lead), `${format} ${id}`).to.include(id)
    }
    expect(formats.html(report)).to.include('a &lt;Pong&gt;')
    expect(formats.markdown(report)).to.include('`nothing \\| came`')
  })
})
