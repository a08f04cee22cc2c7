import { readFileSync, rmSync } from 'node:fs'
import { expect } from 'chai'
import { SetupError, UsageError } from '#model/errors'
import { flagOf, optionsOf } from '#cli/config/options'
import { protocols } from '#protocols/index'
import { reportError } from '#cli/program'
import { Terminal } from '#cli/output/terminal'
import { EngineError } from '#proxies/types'
import { streamproof } from './support/in-process.ts'
import { temporaryFolder } from './support/temporary.ts'

function terminal(): { readonly terminal: Terminal; readonly printed: string[] } {
  const printed: string[] = []
  const output = { write: (text: string) => void printed.push(text), on: () => undefined }
  return { terminal: new Terminal(output as never, output as never), printed }
}

describe('cli/program', () => {
  it('prints an expected error in one line, and returns its exit status', () => {
    const { terminal: out, printed } = terminal()
    expect(reportError(new UsageError('no such option'), out)).to.equal(2)
    expect(reportError(new SetupError('no server'), out)).to.equal(3)
    expect(reportError(new EngineError('no engine'), out)).to.equal(3)
    expect(printed).to.deep.equal([
      'streamproof: no such option\n',
      'streamproof: no server\n',
      'streamproof: no engine\n',
    ])
  })

  it('prints a harness error in one line, and writes its stack without credentials to a file', () => {
    const { terminal: out, printed } = terminal()
    out.maskWith((text) => text.replaceAll('secret', '***'))
    expect(reportError(new TypeError('cannot read the secret\nof undefined'), out)).to.equal(4)
    expect(printed).to.have.length(1)
    const [, path = ''] =
      /^streamproof: harness error: TypeError: cannot read the \*\*\* of undefined \(details: (.*)\)\n$/.exec(
        printed[0] ?? '',
      ) ?? []
    const details = readFileSync(path, 'utf8')
    rmSync(path)
    expect(details).to.match(/program\.test\.ts/)
    expect(details).not.to.include('secret')
  })

  it('prints help on stdout with --help, and on stderr without a command', async () => {
    using folder = temporaryFolder()
    const asked = await streamproof(['run', '--help'], folder.path)
    expect({ status: asked.status, err: asked.err }).to.deep.equal({ status: 0, err: '' })
    for (const name of optionsOf(protocols).keys()) expect(asked.out).to.include(flagOf(name))
    const unasked = await streamproof([], folder.path)
    expect({ status: unasked.status, out: unasked.out }).to.deep.equal({ status: 2, out: '' })
    expect(unasked.err).to.include('Commands:')
    expect((await streamproof(['--version'], folder.path)).out).to.match(/^\d+\.\d+\.\d+\n$/)
  })
})
