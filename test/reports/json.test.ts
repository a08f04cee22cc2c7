import { Ajv } from 'ajv'
import { expect } from 'chai'
import { reportJsonSchema } from '#model/result'
import type { Report } from '#model/result'
import { json } from '#reports/json'
import { mixedReport, passingReport } from './support/fixture.ts'
import { hostile, reportSaying } from './support/hostile.ts'

const valid = new Ajv({ strict: false }).compile(reportJsonSchema())

describe('reports: json', () => {
  it('matches the published schema', () => {
    for (const report of [mixedReport(), passingReport(), reportSaying(hostile)]) {
      expect(valid(JSON.parse(json(report))), JSON.stringify(valid.errors)).to.equal(true)
    }
  })

  it('holds the whole report, in the order of the schema', () => {
    const text = json(mixedReport())
    expect(JSON.parse(text)).to.deep.equal(mixedReport())
    expect(text.startsWith('{\n  "schemaVersion": 2,\n  "tool": {\n    "name": "streamproof",')).to.equal(
      true,
    )
    expect(text.endsWith('\n}\n')).to.equal(true)
  })

  it('writes an entry of a transcript, and an empty list, on one line', () => {
    const text = json(mixedReport())
    expect(text).to.include(
      '\n        { "ms": 0, "from": "harness", "kind": "open", "note": "TCP connected", "hex": null },\n',
    )
    expect(text).to.include('\n      "faults": [],\n')
    expect(text).to.include('\n      "measured": {},\n')
    expect(JSON.stringify(JSON.parse(text)).length / text.length).to.be.greaterThan(0.6)
  })

  it('is the same text for every order of keys', () => {
    expect(json(backwards(mixedReport()) as Report)).to.equal(json(mixedReport()))
  })

  it('keeps hostile text, with harmful characters as escapes; a lone surrogate becomes U+FFFD', () => {
    const text = json(reportSaying(hostile))
    expect(text).to.not.match(/[^\n\P{Cc}]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
    const read = JSON.parse(text) as Report
    expect(read.results.find(({ actual }) => actual !== null)?.actual).to.equal(
      hostile.replace(/\p{Cs}/gu, '\ufffd'),
    )
    expect(read.results[0]?.measured).to.have.all.keys(hostile.replace(/\p{Cs}/gu, '\ufffd'))
    expect(Buffer.from(text).toString()).to.equal(text)
  })

  it('refuses a report that does not match the schema', () => {
    expect(() => json({ ...mixedReport(), extra: 1 } as Report)).to.throw(/extra/)
  })
})

function backwards(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(backwards)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, inner]) => [key, backwards(inner)]),
  )
}
