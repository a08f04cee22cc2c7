import { expect } from 'chai'
import { stripVTControlCharacters } from 'node:util'
import { terminal } from '#reports/terminal'
import { mixedReport, passingReport, reportOf } from './support/fixture.ts'
import { result } from './support/results.ts'
import { hostile, reportSaying } from './support/hostile.ts'
import { columnsOfNode } from './support/width.ts'

/** One word that is longer than a line, in a command that can be copied. */
const unbreakable = /^ *x+( \\)?$/

describe('reports: terminal', () => {
  it('ends with the totals, every verdict, and what would make more checks apply', () => {
    expect(terminal(mixedReport()).split('\n').slice(-6)).to.deep.equal([
      '✗ failed: 3 requirements are broken (exit status 1)',
      '141 checks: 130 pass, 3 not-applicable, 1 notice, 1 warn, 1 blocked,',
      '  1 inconclusive, 1 harness-error, 3 fail, 1 flaky',
      'To run the checks that are not applicable: a target that accepts',
      '  permessage-deflate (ws.deflate); --denied-origin ORIGIN',
      '',
    ])
    const count = passingReport().results.length
    expect(terminal(passingReport(), { width: 120 }).split('\n').slice(-3)).to.deep.equal([
      `✓ passed: all ${count} checks passed (exit status 0)`,
      `${count} checks: ${count} pass, 0 not-applicable, 0 notice, 0 warn, 0 blocked, 0 inconclusive, 0 harness-error, 0 fail`,
      '',
    ])
  })

  it('counts one check in the singular', () => {
    const report = reportOf([result('ws/a/one', { spec: 'RFC6455', section: '5.5' }, 'protocol')], 0)
    expect(terminal(report).split('\n').slice(-4, -2)).to.deep.equal([
      '✓ passed: the one check passed (exit status 0)',
      '1 check: 1 pass, 0 not-applicable, 0 notice, 0 warn, 0 blocked, 0 inconclusive,',
    ])
    const stopped = { ...report, run: { ...report.run, complete: false, exitCode: 130 } }
    expect(terminal(stopped)).to.include('the run was interrupted: 1 check was judged')
  })

  it('shows the requirement, the evidence and the command of a failure', () => {
    const text = terminal(mixedReport(), { quiet: true })
    const from = text.indexOf('✗ ws/control/ping-over-125')
    expect(text.slice(from, text.indexOf('✗ sse/resume', from)).split('\n')).to.deep.equal([
      '✗ ws/control/ping-over-125                                      MUST RFC6455/5.5',
      '  fails the connection on a Ping with a 126-byte payload',
      '  https://www.rfc-editor.org/rfc/rfc6455#section-5.5',
      '',
      '  expected the target to end the connection',
      '  actual   a Pong with the 126 bytes, and the connection stayed open',
      '  ended    by the harness with a Close frame, code 1000',
      '',
      '  transcript   > harness   < target   = proxy',
      '      0.0 ms > TCP connected',
      '      0.4 ms > GET /live HTTP/1.1',
      hexRow('4745 5420 2f6c 6976 6520 4854 5450 2f31  GET /live HTTP/1'),
      hexRow('2e31 0d0a                                .1..'),
      '      2.1 ms < HTTP/1.1 101 Switching Protocols',
      hexRow('4854 5450 2f31 2e31 2031 3031 20         HTTP/1.1 101'),
      hexRow('…'),
      '      2.6 ms > PING, 126 bytes, masked',
      hexRow('89fe 007e 37fa 213d 5e0f 5e0f 5e0f 5e0f  ...~7.!=^.^.^.^.'),
      ...Array<string>(3).fill(hexRow('5e0f 5e0f 5e0f 5e0f 5e0f 5e0f 5e0f 5e0f  ^.^.^.^.^.^.^.^.')),
      hexRow('… 70 more bytes'),
      '      4.9 ms < PONG, 126 bytes',
      hexRow('8a7e 007e 0102 0102 0102 0102 0102 0102  .~.~............'),
      ...Array<string>(3).fill(hexRow('0102 0102 0102 0102 0102 0102 0102 0102  ................')),
      hexRow('… 66 more bytes'),
      '      5.0 ms > CLOSE 1000',
      hexRow('8882 37fa 213d 3412                      ..7.!=4.'),
      '      6.2 ms < FIN',
      '',
      '  to repeat this check:',
      '  streamproof run --ws wss://chat.example/live \\',
      '      --sse https://chat.example/events --seed 4711 \\',
      '      --only ws/control/ping-over-125',
      '',
      '',
    ])
  })

  it('goes from the targets to the failures', () => {
    const text = terminal(mixedReport())
    const order = [
      'Streamproof 0.1.0',
      'wss://chat.example/live',
      'Results by topic',
      'Protocol: WebSocket',
      'RFC 6455 5.5    Control Frames',
      'Protocol: Server-Sent Events',
      'Not judged',
      'Documented expectations',
      'Warnings and notices (2)',
      'Findings about the whole run',
      'Failures (4)',
      'ws/control/ping-over-125',
      '141 checks:',
    ].map((words) => text.indexOf(words))
    expect(order).to.not.include(-1)
    expect(order).to.deep.equal(order.toSorted((a, b) => a - b))
  })

  it('shows all 23 expectations, each with its figures or what it needs', () => {
    const text = terminal(mixedReport())
    expect([...text.matchAll(/^ {2}[✓✗~–] EXP-/gm)]).to.have.length(23)
    expect(text).to.include('✗ EXP-REC-3')
    expect(text).to.include('needs a target of either protocol')
    expect(text).to.match(/; the rest needs a\s+second instance/)
  })

  it('lists the expectations that were not selected in one place', () => {
    const report = mixedReport()
    const unselected = { status: 'not-measured', needs: null, summary: 'not selected in this run' } as const
    const expectations = report.expectations.map((expectation, index) =>
      index < 3 ? { ...expectation, ...unselected } : expectation,
    )
    const text = terminal({ ...report, expectations })
    expect(text).to.include('  Not selected in this run: EXP-CON-1, EXP-CON-2, EXP-CON-3\n')
    expect([...text.matchAll(/^ {2}[✓✗~–] EXP-/gm)]).to.have.length(20)
  })

  it('keeps to the width of the terminal', () => {
    for (const width of [50, 60, 74, 80, 132]) {
      for (const report of [
        mixedReport(),
        passingReport(),
        reportSaying('word '.repeat(90) + 'x'.repeat(300)),
        reportSaying('日本語 ☕ ⌚ 🎉 naïve e\u0301 '.repeat(30) + '語☕'.repeat(9)),
      ]) {
        const long = terminal(report, { width })
          .split('\n')
          .filter((line) => columnsOfNode(line) > width && !unbreakable.test(line))
        // Ids are not broken, so that they can be copied.
        expect(long.filter((line) => !/^ *\S+ (ws|sse|both)\//.test(line))).to.deep.equal([])
      }
    }
  })

  it('has no escape sequences except its own colours, and those only if asked for', () => {
    const plain = terminal(reportSaying(hostile))
    expect(plain).to.not.match(/[^\n\P{Cc}]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
    const coloured = terminal(reportSaying(hostile), { colour: true })
    expect(coloured).to.include('\u001b[31m\u001b[1m✗ ws/control/ping-over-125\u001b[22m\u001b[39m')
    expect(stripVTControlCharacters(coloured)).to.equal(plain)
    const escapes = coloured.split('\u001b').slice(1)
    expect(
      [...new Set(escapes.map((escape) => escape.slice(0, escape.indexOf('m'))))].toSorted(),
    ).to.deep.equal(['[1', '[2', '[22', '[24', '[31', '[32', '[33', '[36', '[39', '[4'].toSorted())
  })

  it('is ASCII if asked for', () => {
    const text = terminal(reportSaying(hostile), { ascii: true })
    expect(text).to.match(/^[\n\x20-\x7e]*$/)
    expect(text).to.include('x ws/control/ping-over-125')
  })

  it('does not list passed checks, and shows only failures and the sum when quiet', () => {
    expect(terminal(passingReport())).to.not.include('ws/framing/rule-1')
    expect(terminal(passingReport(), { quiet: true }).split('\n')).to.have.length(4)
  })

  it('breaks a command with backslashes, never inside quotes', () => {
    const command = `streamproof run --ws ws://h/ --denied-origin 'https://it'\\''s a long one.example' --header "$STREAMPROOF_HEADER" --only ws/a/failure --seed 1`
    const broken = { ...failure('ws/a/failure', 'an end', 'none'), reproduce: command }
    for (const width of [50, 60, 80, 200]) {
      const text = terminal(reportOf([broken], 1), { width, quiet: true })
      const printed = text.slice(text.indexOf('  streamproof run'), text.indexOf('\n\n✗ failed'))
      expect(printed.trim().replaceAll(/ \\\n +/g, ' '), String(width)).to.equal(command)
      expect(printed).to.include("'https://it'\\''s a long one.example'")
    }
  })

  it('breaks the address of a clause before its fragment', () => {
    const clause = { spec: 'HTML', section: 'parsing-an-event-stream' } as const
    const broken = result('sse/a/failure', clause, 'protocol', {
      verdict: 'fail',
      expected: 'a',
      actual: 'b',
    })
    const lines = (width: number): string[] => terminal(reportOf([broken], 1), { width }).split('\n')
    expect(lines(80)).to.include('  https://html.spec.whatwg.org/multipage/server-sent-events.html')
    expect(lines(80)).to.include('    #parsing-an-event-stream')
    expect(lines(60)).to.include.members([
      '  https://html.spec.whatwg.org/multipage/',
      '    server-sent-events.html#parsing-an-event-stream',
    ])
  })

  it('only lists the failures after the first twelve', () => {
    const many = Array.from({ length: 25 }, (_, index) =>
      failure(`ws/many/failure-${index}`, 'an end', `none, in way ${index}`),
    )
    const text = terminal(reportOf(many, 1))
    expect([...text.matchAll(/^ {2}transcript/gm)]).to.have.length(12)
    expect(text).to.include('13 more failures without their transcripts')
    expect([...text.matchAll(/^✗ ws\/many\/failure-/gm)]).to.have.length(25)
    expect([...text.matchAll(/^ {2}actual {3}none, in way/gm)]).to.have.length(25)
  })

  it('shows failures with one cause first, one of them in detail, and lists every one', () => {
    const alike = Array.from({ length: 40 }, (_, index) =>
      failure(`ws/same/failure-${index}`, 'a Pong', 'none'),
    )
    const others = Array.from({ length: 12 }, (_, index) =>
      failure(`ws/own/failure-${index}`, 'a', `b${index}`),
    )
    const soft = Array.from({ length: 3 }, (_, index) => ({
      ...failure(`ws/soft/failure-${index}`, 'a Pong', 'none'),
      verdict: 'warn' as const,
    }))
    const text = terminal(reportOf([...alike, ...others, ...soft], 1), { width: 80 })
    const from = text.indexOf('Failures with one cause')
    expect(text.slice(from).split('\n').slice(0, 9)).to.deep.equal([
      'Failures with one cause',
      '',
      '  43 checks failed in the same way: 40 fail, 3 warn',
      '  expected a Pong',
      '  actual   none',
      '  checks   ws/same/failure-0, ws/same/failure-1, ws/same/failure-2 and 40 others',
      '',
      'Warnings and notices (3)',
      '',
    ])
    expect(from).to.be.lessThan(text.indexOf('Failures (52)'))
    for (const { id } of [...alike, ...others, ...soft])
      expect(text).to.match(new RegExp(`^[✗!] ${id} `, 'm'))
    // Twelve in detail: one of those with the same cause, then those that differ.
    const detailed = text.slice(text.indexOf('Failures (52)'), text.indexOf('40 more failures without'))
    expect([...detailed.matchAll(/^✗ (\S+)/gm)].map(([, id]) => id)).to.deep.equal([
      'ws/same/failure-0',
      ...others.slice(0, 11).map(({ id }) => id),
    ])
    expect(text).to.include('✗ failed: 52 requirements are broken, 40 of them in the same way')
    // 3 warnings and 39 failures are only listed.
    expect([...text.matchAll(/^ {2}cause {4}see "Failures with one cause"$/gm)]).to.have.length(42)
    // Each of the two lists has the command once.
    expect([...text.matchAll(/--only ID/g)]).to.have.length(2)
  })
})

function failure(id: string, expected: string, actual: string) {
  return result(id, { spec: 'RFC6455', section: '5.5' }, 'protocol', { verdict: 'fail', expected, actual })
}

function hexRow(row: string): string {
  return ' '.repeat(17) + row
}
