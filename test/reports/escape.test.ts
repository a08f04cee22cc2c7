import { expect } from 'chai'
import fc from 'fast-check'
import { html, htmlText, link } from '#reports/escape/html'
import { code, codeBlock, prose } from '#reports/escape/markdown'
import { columns, terminalText, wrap, wrapWords } from '#reports/escape/terminal'
import { cut, visible, visibleLines } from '#reports/escape/visible'
import { xmlAttribute, xmlText } from '#reports/escape/xml'
import { blocksOf, withoutCode } from './support/readers.ts'
import { columnsOfNode } from './support/width.ts'

const anyText = fc.string({ unit: 'binary', maxLength: 60 })
const anyUnits = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
  .map((units) => String.fromCharCode(...units))

describe('reports: escapes', () => {
  it('show characters that control a terminal, hide text or reorder it', () => {
    expect(visible('\u0000\u0007\u001b[31m\u007f\u009b')).to.equal('\\x00\\x07\\x1b[31m\\x7f\\x9b')
    expect(visible('a\tb\r\nc')).to.equal('a\\tb\\r\\nc')
    expect(visible('\u202eabc\u202c\u2066\u200f')).to.equal('\\u202eabc\\u202c\\u2066\\u200f')
    expect(visible('\u200b\u200d\ufeff\u00ad\u2060\u{e0041}')).to.equal(
      '\\u200b\\u200d\\ufeff\\xad\\u2060\\u{e0041}',
    )
    expect(visible('\u2028\u2029\u0085')).to.equal('\\u2028\\u2029\\x85')
    expect(visible('\ud800x\udc00 \uffff\ufffe')).to.equal('\\ud800x\\udc00 \\uffff\\ufffe')
  })

  it('leave ordinary text of any script unchanged', () => {
    for (const text of ['naïve é e\u0301', 'Ωμέγα', '日本語', 'עברית', '😀 ok', '<b> & "q"']) {
      expect(visible(text)).to.equal(text)
    }
  })

  it('keep line breaks only in a block of text', () => {
    expect(visibleLines('a\r\nb\nc\rd')).to.equal('a\nb\nc\\rd')
  })

  it('cut between characters and say how much is left out', () => {
    expect(cut('abcdef', 6)).to.equal('abcdef')
    expect(cut('abcdefg', 6)).to.equal('abcdef … (1 more characters)')
    expect(cut('ab😀cd', 3)).to.equal('ab … (4 more characters)')
  })

  it('write only characters of XML 1.0 into XML', () => {
    expect(xmlText(']]> <a b="c">&amp;</a> \u0000')).to.equal(
      ']]&gt; &lt;a b=&quot;c&quot;&gt;&amp;amp;&lt;/a&gt; \\x00',
    )
    expect(xmlAttribute('a\nb')).to.equal('a\\nb')
    fc.assert(
      fc.property(anyUnits, (text) => {
        expect(xmlText(text)).to.match(/^[\n\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u)
        expect(xmlText(text)).to.not.match(/[<>]/)
      }),
    )
  })

  it('escape every value in HTML, and no literal', () => {
    expect(html`<p title="${'"x"'}">${['<i>', html`<b>${'&'}</b>`, null, 3]}</p>`.markup).to.equal(
      '<p title="&quot;x&quot;">&lt;i&gt;<b>&amp;</b>3</p>',
    )
    fc.assert(
      fc.property(anyUnits, (text) => {
        expect(htmlText(text)).to.not.match(/[<>"'\p{Cc}\p{Cs}]/u)
      }),
    )
  })

  it('accept only https links', () => {
    expect(link('https://html.spec.whatwg.org/#x')).to.equal('https://html.spec.whatwg.org/#x')
    for (const bad of [
      'javascript:alert(1)',
      'http://x/',
      'https://x/" onclick="',
      'https://x/ y',
      '//x',
      null,
    ]) {
      expect(link(bad)).to.equal(null)
    }
  })

  it('write any text as a code span, inside and outside of a table', () => {
    expect(code('a|b')).to.equal('`a\\|b`')
    expect(code('`')).to.equal('`` ` ``')
    expect(code('a\\|b')).to.equal('`a\\\\x7cb`')
    expect(code('')).to.equal('(empty)')
    fc.assert(
      fc.property(anyText, (text) => {
        const [row] = blocksOf(`| ${code(text)} | end |`)
        expect(row?.parts).to.have.length(2)
        expect(withoutCode(row?.parts[0] ?? '')).to.match(/^(\u25a1|\((empty|blank)\))$/)
      }),
    )
  })

  it('write code blocks that no line of text can close', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(anyText, fc.constant('```'), fc.constant('`````'))), (lines) => {
        expect(blocksOf(codeBlock(lines))).to.deep.equal([{ kind: 'fence', parts: lines.map(visible) }])
      }),
    )
  })

  it('leave a sentence unchanged, except words with a meaning in Markdown or on GitHub', () => {
    const sentence = 'WebSocket is full duplex: both sides send at any time (p50 0.4 ms, p99 12 ms); 3 of 4'
    expect(prose(sentence)).to.equal(sentence)
    expect(prose('see @all and #12 now')).to.equal('see `@all` and `#12` now')
    expect(prose('www.evil.example https://e.example a_b_c *x* <b>')).to.equal(
      '`www.evil.example https://e.example a_b_c *x* <b>`',
    )
    expect(prose('1. one')).to.equal('`1.` one')
    fc.assert(
      fc.property(anyText, (text) => {
        expect(withoutCode(prose(text))).to.not.match(/[@#<>[\]\\*_~|&`$]|:\/\/|www\./)
      }),
    )
  })

  it('count columns as terminals do, and wrap by them', () => {
    for (const [text, width] of [
      ['plain', 5],
      ['e\u0301', 1],
      ['日本', 4],
      ['☕', 2],
      ['⌚', 2],
      ['👩‍💻', 2],
      ['🇯🇵', 2],
      ['✓ ✗ – …', 7],
    ] as const)
      expect(columns(text), text).to.equal(width)
    expect(wrap('one two three', 7)).to.deep.equal(['one two', 'three'])
    expect(wrap('abcdefghij', 4)).to.deep.equal(['abcd', 'efgh', 'ij'])
    expect(wrap('日本語', 4)).to.deep.equal(['日本', '語'])
    expect(wrap('☕☕☕ tea', 4)).to.deep.equal(['☕☕', '☕', 'tea'])
    expect(wrapWords('one abcdefghij two', 5)).to.deep.equal(['one', 'abcdefghij', 'two'])
    expect(terminalText('… é 😀', true)).to.equal('... \\u00e9 \\u{1f600}')
    fc.assert(
      fc.property(anyText, fc.integer({ min: 2, max: 30 }), (text, width) => {
        for (const line of wrap(visible(text), width)) expect(columnsOfNode(line)).to.be.at.most(width)
      }),
    )
  })
})
