import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { expect } from 'chai'
import { reportSchema } from '#model/result'
import type { Report } from '#model/result'
import { hostileServer } from './support/hostile-server.ts'
import { streamproof } from './support/in-process.ts'
import type { CommandResult } from './support/in-process.ts'
import { temporaryFolder } from './support/temporary.ts'

/** The end of every kind of quotation, terminal control sequences, bidirectional marks, and invalid UTF-8. */
const hostile = Buffer.concat([
  Buffer.from(
    '</script><script>alert(1)</script>"\'--><img src=x onerror=alert(2)>]]>&lt;|`**[a](javascript:x)**${{a}}::error::',
  ),
  Buffer.from([0x00, 0x07, 0x08, 0x1b]),
  Buffer.from('[31m\u001b]0;title\u0007\u009b2J\u202eturned\u2066around\u2028%0A'),
  Buffer.from([0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80, 0xff, 0xfe]),
])

interface Reports {
  readonly command: CommandResult
  readonly report: Report
  readonly html: string
  readonly junit: string
  readonly markdown: string
}

const selected =
  'ws/handshake/*,ws/subprotocols/*,sse/response/*,sse/stream/*,sse/ids/*,sse/event/*,sse/http/*,sse/cors/*'

async function reportsOf(text: Buffer): Promise<Reports> {
  await using server = await hostileServer(text)
  using folder = temporaryFolder()
  const address = `127.0.0.1:${server.port}/`
  const words = [
    'run',
    `ws://${address}`,
    `http://${address}`,
    '--timeout-scale',
    '0.3',
    '--jobs',
    '32',
    '--max-time',
    '30s',
  ]
  const command = await streamproof([...words, '--only', selected], folder.path)
  expect(command.status, command.err).to.equal(1)
  const read = (name: string): string => readFileSync(join(folder.path, 'streamproof-report', name), 'utf8')
  return {
    command,
    report: reportSchema.parse(JSON.parse(read('report.json'))),
    html: read('index.html'),
    junit: read('junit.xml'),
    markdown: read('report.md'),
  }
}

describe('cli: a hostile target, end to end', function () {
  this.timeout(120_000)
  let evil: Reports
  let tame: Reports

  before(async () => {
    ;[evil, tame] = await Promise.all([reportsOf(hostile), reportsOf(Buffer.from('harmless'))])
  })

  it('is reported, with the text that it sent', () => {
    expect(evil.command.status, evil.command.err).to.equal(1)
    expect(JSON.stringify(evil.report.results.map(({ transcript }) => transcript))).to.include('alert(1)')
  })

  it('gets the same results as a harmless target', () => {
    const ids = ({ report }: Reports): string[] => report.results.map(({ id }) => id)
    expect(ids(evil)).to.deep.equal(ids(tame))
  })

  it('sends no control characters to the terminal', () => {
    // oxlint-disable-next-line no-control-regex -- these must not be there
    const commands = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/
    expect(commands.exec(evil.command.out)?.input.slice(0, 200)).to.equal(undefined)
    expect(commands.exec(evil.command.err)?.input.slice(0, 200)).to.equal(undefined)
  })

  it('adds no element to the HTML report', () => {
    const scripts = ({ html }: Reports): number => html.split(/<script/i).length
    expect(scripts(evil)).to.equal(scripts(tame))
    expect(evil.html).not.to.match(/<img|onerror=alert\(2\)>/i)
    expect(evil.html.isWellFormed()).to.equal(true)
    expect(evil.html).not.to.include('\u0000')
  })

  it('does not break the JUnit report, which has one test case for each result', () => {
    expect(XMLValidator.validate(evil.junit)).to.equal(true)
    const parsed = new XMLParser({ ignoreAttributes: false }).parse(evil.junit) as {
      readonly testsuites: { readonly testsuite: readonly { readonly testcase: unknown }[] }
    }
    const cases = [parsed.testsuites.testsuite].flat().flatMap(({ testcase }) => [testcase ?? []].flat())
    expect(cases).to.have.length(evil.report.results.length)
    // oxlint-disable-next-line no-control-regex -- XML 1.0 has no such characters
    expect(evil.junit).not.to.match(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/)
  })

  it('adds no markup and no workflow command to the Markdown report', () => {
    expect(withoutCode(evil.markdown)).not.to.match(/<script|<img|\]\(javascript:/i)
    expect(evil.markdown.split('\n').filter((line) => line.startsWith('::'))).to.deep.equal([])
  })
})

/** Markdown without its fenced blocks and code spans, in which nothing is markup. */
function withoutCode(markdown: string): string {
  return markdown
    .replaceAll(/^(`{3,})[^`\n]*\n[^]*?\n\1`*$/gm, '')
    .replaceAll(/(?<!`)(`+)(?!`)(?:[^]*?[^`])\1(?!`)/g, '')
}
