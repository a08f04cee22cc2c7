import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import { usesColour, oneLine, Terminal } from '#cli/output/terminal'

class Output extends EventEmitter {
  written = ''
  readonly isTTY: boolean
  readonly columns = 40

  constructor(isTTY = false) {
    super()
    this.isTTY = isTTY
  }

  write(text: string): boolean {
    this.written += text
    return true
  }
}

function opened(isTTY = false): { readonly out: Output; readonly err: Output; readonly terminal: Terminal } {
  const [out, err] = [new Output(isTTY), new Output(isTTY)]
  return { out, err, terminal: new Terminal(out as never, err as never) }
}

describe('cli/terminal', () => {
  it('uses colour by --color, then NO_COLOR and FORCE_COLOR, then whether stdout is a terminal', () => {
    const auto = { choice: 'auto', env: {}, isTTY: true } as const
    expect(usesColour(auto)).to.equal(true)
    expect(usesColour({ ...auto, isTTY: false })).to.equal(false)
    expect(usesColour({ ...auto, env: { NO_COLOR: '1' } })).to.equal(false)
    expect(usesColour({ ...auto, env: { NO_COLOR: '' } })).to.equal(true)
    expect(usesColour({ ...auto, env: { TERM: 'dumb' } })).to.equal(false)
    expect(usesColour({ ...auto, isTTY: false, env: { FORCE_COLOR: '1' } })).to.equal(true)
    expect(usesColour({ ...auto, env: { FORCE_COLOR: '0' } })).to.equal(false)
    expect(usesColour({ ...auto, choice: 'always', isTTY: false, env: { NO_COLOR: '1' } })).to.equal(true)
    expect(usesColour({ ...auto, choice: 'never', env: { FORCE_COLOR: '1' } })).to.equal(false)
  })

  it('escapes control characters and line breaks', () => {
    expect(oneLine('a\r\n  b\u001b[31m\u202ec\u0000\ud800')).to.equal('a b\\x1b[31m\\u202ec\\x00\\ud800')
  })

  it('prints results to stdout and diagnostics without credentials to stderr', () => {
    const { out, err, terminal } = opened()
    terminal.maskWith((text) => text.replaceAll('secret', '***'))
    terminal.print('result')
    terminal.diagnose('a secret\nline')
    expect(out.written).to.equal('result\n')
    expect(err.written).to.equal('streamproof: a *** line\n')
  })

  it('drops the rest of the result if the reader of stdout exits', () => {
    const { out, terminal } = opened()
    out.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    terminal.print('more')
    expect(out.written).to.equal('')
  })

  it('rewrites one progress line on a terminal, and clears it before other output', () => {
    const { err, terminal } = opened(true)
    terminal.progress('1/2')
    terminal.progress('1/2')
    terminal.progress('2/2'.padEnd(100, '.'))
    terminal.diagnose('done')
    expect(err.written).to.equal(`\r\u001b[K1/2\r\u001b[K2/2${'.'.repeat(36)}\r\u001b[Kstreamproof: done\n`)
  })

  it('prints short notes instead of a progress line if stderr is not a terminal', () => {
    const { err, terminal } = opened()
    terminal.progress('1/2')
    terminal.note('half of it')
    expect(err.written).to.equal('streamproof: half of it\n')
    terminal.quiet = true
    terminal.note('all of it')
    expect(err.written).to.equal('streamproof: half of it\n')
  })
})
