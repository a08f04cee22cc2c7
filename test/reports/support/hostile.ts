import type { Report } from '#model/result'
import { mixedReport } from './fixture.ts'

/** What a hostile target may send: text that is known to break formats, terminals and readers. */
export const hostile = [
  '</script><script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  ']]></failure>',
  '<!-- --> &lt; &#x3c; %3C',
  '\u0000\u0007\u001b[2J\u001b]0;title\u0007\u009b31m\u007f\u0085',
  '\u202eevil\u202c \u2066iso\u2069 \u200b\u200d\ufeff\u2028\u2029\u00ad\u061c\u{e0041}',
  '\ud800 alone, \udc00 alone, \uffff \ufffe \u{1ffff}',
  'line one\r\nline two\n\n# heading\n- item\n| cell | cell |\n~~~\n```',
  '`tick` ``two`` \\| pipe | \\\\| [link](javascript:alert(1)) ![i](x) <b>bold</b> @everyone #123 GH-1',
  'https://evil.example www.evil.example me@evil.example owner/repo#1 0123456789abcdef :smile: $(x) {{7*7}}',
  '::error title=x::injected %0A',
  'z\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308algo 宽 😀 é',
].join(' ')

/** A report in which every field that a target can influence is `text`. */
export function reportSaying(text: string): Report {
  const report = mixedReport()
  return {
    ...report,
    run: { ...report.run, findings: [text] },
    targets: report.targets.map((target) => ({
      ...target,
      url: text,
      capabilities: Object.fromEntries(
        Object.entries(target.capabilities).map(([name, finding]) => [name, { ...finding, evidence: text }]),
      ),
    })),
    expectations: report.expectations.map((expectation) => ({
      ...expectation,
      summary: expectation.summary === '' ? '' : text,
    })),
    results: report.results.map((result) => ({
      ...result,
      reason: result.reason === null ? null : text,
      enable: result.enable === null ? null : text,
      expected: result.expected === null ? null : text,
      actual: result.actual === null ? null : text,
      faults: result.faults.map((fault) => ({
        ...fault,
        proof: text,
        ...(fault.log === undefined
          ? {}
          : {
              log: fault.log.map((entry) => ({
                ...entry,
                hit: entry.hit === null ? null : { ...entry.hit, toxic: text },
              })),
            }),
      })),
      measured: { ...result.measured, [text]: text },
      transcript: result.transcript.map((entry) => ({ ...entry, note: text })),
      reproduce: text,
    })),
  }
}
