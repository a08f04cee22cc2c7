import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import { folded, hangingIndent } from '#cli/output/layout'
import { main } from '#cli/program'
import { Terminal } from '#cli/output/terminal'
import { columnsOfNode } from '../../reports/support/width.ts'
import { temporaryFolder } from '../support/temporary.ts'

class Screen extends EventEmitter {
  readonly isTTY = true
  readonly columns: number
  written = ''

  constructor(width: number) {
    super()
    this.columns = width
  }

  write(text: string): boolean {
    this.written += text
    return true
  }
}

/** Node's own line editor measures what is not ASCII. */
const columnsOf = (line: string): number => (/^[ -~]*$/.test(line) ? line.length : columnsOfNode(line))

describe('cli: layout', () => {
  it('breaks lines at spaces, and never breaks a word', () => {
    expect(folded('one two three', 7)).to.deep.equal(['one two', 'three'])
    expect(folded('see http://127.0.0.1:8474/proxies now', 10)).to.deep.equal([
      'see',
      'http://127.0.0.1:8474/proxies',
      'now',
    ])
    expect(folded('one two', Infinity)).to.deep.equal(['one two'])
    expect(folded('', 10)).to.deep.equal([''])
    expect(folded('one \u{1f469}\u{200d}\u{1f680} two', 6)).to.deep.equal([
      'one \u{1f469}\u{200d}\u{1f680}',
      'two',
    ])
  })

  it('puts a text beside its heading, or below it if the column would be too narrow', () => {
    const text = 'a text of several words that goes on for a while'
    expect(hangingIndent('name  ', text, 40)).to.equal(
      'name  a text of several words that goes\n      on for a while',
    )
    expect(hangingIndent('a long name of something  ', text, 40)).to.equal(
      'a long name of something\n    a text of several words that goes on\n    for a while',
    )
    expect(hangingIndent('name  ', text, Infinity)).to.equal(`name  ${text}`)
  })

  for (const width of [80, 60]) {
    it(`prints at most ${width} columns on a terminal of ${width} columns`, async () => {
      using folder = temporaryFolder()
      for (const words of [
        ['list'],
        ['explain', 'ws/fragmentation/continuation-alone-unfinished'],
        ['explain', 'sse/resume/after-rst'],
        ['target', '--list-mutants'],
        ['--help'],
        ['doctor', '--help'],
        ['run', '--only', 'ws/no-such-check-of-that-name/nor-any-other'],
        ['run', 'ws://h/', '--proxy', 'nonsense'],
      ]) {
        const [out, err] = [new Screen(width), new Screen(width)]
        await main(words, new Terminal(out as never, err as never), { env: {}, folder: folder.path })
        const lines = `${out.written}${err.written}`.split('\n')
        expect(lines.length).to.be.greaterThan(1)
        // A single word, such as a URL, is not broken.
        const long = lines.filter((line) => columnsOf(line) > width && !/^ *\S+$/.test(line))
        expect(long, words.join(' ')).to.deep.equal([])
      }
    })
  }
})
