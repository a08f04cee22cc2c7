import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { html } from '#reports/html'
import { lacking } from '../lacking.ts'
import { mixedReport, passingReport, reportOf } from './support/fixture.ts'
import { hostile, reportSaying } from './support/hostile.ts'
import { asBrowserReads, findBrowser, tagsOf, unbalanced } from './support/readers.ts'

describe('reports: html', () => {
  it('closes every tag, also with hostile text', () => {
    for (const report of [mixedReport(), passingReport(), reportSaying(hostile), reportOf([], 2)]) {
      expect(unbalanced(tagsOf(html(report)))).to.equal(null)
    }
  })

  it('loads nothing from anywhere', () => {
    const page = html(mixedReport())
    const addresses = [...page.matchAll(/(\w[\w-]*)="(https?:[^"]*)"/g)].map(([, attribute]) => attribute)
    expect(new Set(addresses)).to.deep.equal(new Set(['href']))
    expect(
      tagsOf(page).filter((tag) => /^(img|iframe|object|embed|base|source|video|audio)\b/.test(tag)),
    ).to.deep.equal([])
    expect(page).to.not.match(/@import|url\(|\bsrc=/)
  })

  it('allows its own style and script by their hashes, and nothing else', () => {
    const page = html(reportSaying(hostile))
    const policy =
      /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1]?.replaceAll('&#39;', "'") ?? ''
    const hashOf = (tag: string): string => {
      const text = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(page)?.[1] ?? ''
      return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
    }
    expect(policy.split('; ')).to.include.members([
      "default-src 'none'",
      `style-src ${hashOf('style')}`,
      `script-src ${hashOf('script')}`,
    ])
    expect(tagsOf(page).filter((tag) => /\s(on\w+|style)\b/.test(tag))).to.deep.equal([])
  })

  it('has one anchor for each result, and an anchor for every link', () => {
    const page = html(mixedReport())
    const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id)
    expect(ids).to.have.length(new Set(ids).size)
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id)
    expect(links.filter((id) => !ids.includes(id))).to.deep.equal([])
    expect(ids.filter((id) => id?.startsWith('r-'))).to.have.length(mixedReport().results.length)
  })

  it('shows the verdict before the failures, and all 23 expectations in two columns', () => {
    const page = html(mixedReport())
    expect(page.search(/Failed\s*<\/h1>/)).to.be.within(1, page.indexOf('>Failures '))
    expect([...page.matchAll(/class="statement" id="EXP-/g)]).to.have.length(23)
    expect(page).to.match(/<th scope="col">WebSocket<\/th>\s*<th scope="col">Server-Sent Events<\/th>/)
    expect(html(passingReport())).to.include(`All ${passingReport().results.length} checks passed.`)
  })

  it('keeps its structure with hostile text', () => {
    expect(tagsOf(html(reportSaying(hostile)))).to.deep.equal(tagsOf(html(reportSaying('calm'))))
  })

  it('is the same page for the same report', () => {
    expect(html(mixedReport())).to.equal(html(mixedReport()))
  })

  it('keeps its structure in a real browser, and only its own script runs there', function () {
    this.timeout(150_000)
    const browser = findBrowser()
    if (browser === null) lacking(this, 'no Chromium on PATH')
    const [wild, calm] = [hostile, 'calm'].map((text) => asBrowserReads(browser, html(reportSaying(text))))
    if (wild === null || wild === undefined || calm === null || calm === undefined)
      lacking(this, `no page that ${browser} would show`)
    expect(tagsOf(wild)).to.deep.equal(tagsOf(calm))
    expect(wild).to.include(`role="status" aria-live="polite">${mixedReport().results.length} checks</p>`)
  })
})
