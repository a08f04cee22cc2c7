import { readFileSync, rmSync } from 'node:fs'
import { expect } from 'chai'
import { SetupError, UsageError } from '#model/errors'
import { optionNames, flagOf } from '#cli/config/options'
import { tell } from '#cli/program'
import { Terminal } from '#cli/output/terminal'
import { EngineError } from '#proxies/types'
import { streamproof } from './in-process.ts'
import { temporaryFolder } from './temporary.ts'

function terminal(): { readonly terminal: Terminal; readonly told: string[] } {
  const told: string[] = []
  const output = { write: (text: string) => void told.push(text), on: () => undefined }
  return { terminal: new Terminal(output as never, output as never), told }
}

describe('cli/program', () => {
  it('tells what was foreseen in one line, with its status', () => {
    const { terminal: out, told } = terminal()
    expect(tell(new UsageError('no such option'), out)).to.equal(2)
    expect(tell(new SetupError('nobody is there'), out)).to.equal(3)
    expect(tell(new EngineError('no engine'), out)).to.equal(3)
    expect(told).to.deep.equal([
      'streamproof: no such option\n',
      'streamproof: nobody is there\n',
      'streamproof: no engine\n',
    ])
  })

  it('tells an error of ours in one line, and keeps the rest in a file, without secrets', () => {
    const { terminal: out, told } = terminal()
    out.maskWith((text) => text.replaceAll('secret', '***'))
    expect(tell(new TypeError('cannot read the secret\nof undefined'), out)).to.equal(4)
    expect(told).to.have.length(1)
    const [, path = ''] =
      /^streamproof: harness error: TypeError: cannot read the \*\*\* of undefined \(details: (.*)\)\n$/.exec(
        told[0] ?? '',
      ) ?? []
    const details = readFileSync(path, 'utf8')
    rmSync(path)
    expect(details).to.match(/program\.test\.ts/)
    expect(details).not.to.include('secret')
  })

  it('helps on stdout where help was asked for, on stderr where it was not', async () => {
    using folder = temporaryFolder()
    const asked = await streamproof(['run', '--help'], folder.path)
    expect({ status: asked.status, err: asked.err }).to.deep.equal({ status: 0, err: '' })
    for (const name of optionNames) expect(asked.out).to.include(flagOf(name))
    const unasked = await streamproof([], folder.path)
    expect({ status: unasked.status, out: unasked.out }).to.deep.equal({ status: 2, out: '' })
    expect(unasked.err).to.include('Commands:')
    expect((await streamproof(['--version'], folder.path)).out).to.match(/^\d+\.\d+\.\d+\n$/)
  })
})
