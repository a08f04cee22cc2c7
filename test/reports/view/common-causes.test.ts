import { expect } from 'chai'
import { commonCauses, commonCauseTitle } from '#reports/view/common-causes'
import { formats } from '#reports/index'
import { mixedReport, passingReport, reportOf } from '../support/fixture.ts'
import { result } from '../support/results.ts'

const clause = { spec: 'RFC6455', section: '5.5' } as const

function failures(count: number, overrides: Parameters<typeof result>[3], name = 'same') {
  return Array.from({ length: count }, (_, index) =>
    result(`ws/${name}/failure-${index}`, clause, 'protocol', { verdict: 'fail', ...overrides }),
  )
}

describe('reports: failures with one cause', () => {
  it('are none if nothing failed, or every check in a different way', () => {
    expect(commonCauses(passingReport())).to.deep.equal([])
    expect(commonCauses(mixedReport())).to.deep.equal([])
    expect(commonCauses(reportOf(failures(4, { expected: 'a', actual: 'b' }), 1))).to.deep.equal([])
  })

  it('have the same expected and actual; the largest group is first, and the worst verdict in it', () => {
    const close = { by: 'target', how: 'fin', code: null } as const
    const report = reportOf(
      [
        ...failures(3, { verdict: 'warn', expected: 'a', actual: 'b', close }, 'soft'),
        ...failures(6, { expected: 'a', actual: 'b', close }),
        ...failures(7, { expected: 'other', actual: 'b' }, 'other'),
        ...failures(5, { verdict: 'harness-error', reason: 'TypeError: x' }, 'errors'),
      ],
      1,
    )
    const groups = commonCauses(report)
    expect(groups.map(commonCauseTitle)).to.deep.equal([
      '9 checks failed in the same way: 6 fail, 3 warn',
      '7 checks failed in the same way: 7 fail',
      '5 checks failed in the same way: 5 harness-error',
    ])
    expect(groups.map(({ expected, actual, ending }) => [expected, actual, ending])).to.deep.equal([
      ['a', 'b', 'by the target with FIN'],
      ['other', 'b', null],
      [null, 'TypeError: x', null],
    ])
    expect(groups[0]?.results[0]?.id).to.equal('ws/same/failure-0')
  })

  it('are shown before the list of failures, which still contains all of them', () => {
    const report = reportOf(failures(60, { expected: 'a <Pong>', actual: 'nothing | received' }), 1)
    for (const format of ['terminal', 'html', 'markdown', 'junit'] as const) {
      const text = formats[format](report)
      const first = text.indexOf(
        format === 'html' ? '<strong>60 checks</strong>' : '60 checks failed in the same way',
      )
      expect(first, format).to.be.greaterThan(0)
      if (format !== 'junit')
        expect(first, format).to.be.lessThan(
          text.lastIndexOf(format === 'html' ? '>Failures ' : 'Failures ('),
        )
      for (const { id } of report.results) expect(text.slice(first), `${format} ${id}`).to.include(id)
    }
    expect(formats.html(report)).to.include('a &lt;Pong&gt;')
    expect(formats.markdown(report)).to.include('`nothing \\| received`')
  })
})
