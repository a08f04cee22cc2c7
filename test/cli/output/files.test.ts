import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { UsageError } from '#model/errors'
import { prepareFile, removeEmpty, writeWhole } from '#cli/output/files'
import { temporaryFolder } from '../temporary.ts'

const refusedBelowProc = `
  import { prepareFile } from ${JSON.stringify(new URL('../../../harness/cli/output/files.ts', import.meta.url).href)}
  try {
    prepareFile('/proc/x/report.json', '--out')
  } catch (error) {
    process.stdout.write(error.message)
  }`

describe('cli/files', () => {
  it('writes aside and renames, making folders on the way', () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'a', 'b.txt')
    expect(prepareFile(path, '--out')).to.deep.equal([join(folder.path, 'a')])
    expect(readdirSync(join(folder.path, 'a'))).to.deep.equal([])
    writeWhole(path, 'one')
    writeWhole(path, 'two')
    expect(readFileSync(path, 'utf8')).to.equal('two')
    expect(readdirSync(join(folder.path, 'a'))).to.deep.equal(['b.txt'])
  })

  it('refuses a place where no file can be, before anything is written', () => {
    using folder = temporaryFolder({ file: '' })
    expect(() => prepareFile(join(folder.path, 'file', 'report.json'), '--out')).to.throw(
      UsageError,
      /^cannot write to .*file: (a file of that name is in the way|a part of the path is a file); name another place with --out$/,
    )
    mkdirSync(join(folder.path, 'folder'))
    expect(() => prepareFile(join(folder.path, 'folder'), '--report FORMAT=PATH')).to.throw(
      UsageError,
      /it is a folder/,
    )
  })

  it('takes away what had to be made for a place, as far as nothing is in it', () => {
    using folder = temporaryFolder({ file: '' })
    mkdirSync(join(folder.path, 'there'))
    const unused = [
      ...prepareFile(join(folder.path, 'new', 'newer', 'report.json'), '--out'),
      ...prepareFile(join(folder.path, 'there', 'new', 'report.json'), '--out'),
    ]
    removeEmpty(unused)
    expect(readdirSync(folder.path, { recursive: true })).to.have.members(['file', 'there'])
    const used = prepareFile(join(folder.path, 'new', 'newer', 'report.json'), '--out')
    writeWhole(join(folder.path, 'new', 'report.json'), 'one')
    removeEmpty(used)
    expect(readdirSync(join(folder.path, 'new'))).to.deep.equal(['report.json'])
  })

  it('refuses a place below /proc, where a folder exists and takes none', function () {
    if (!existsSync('/proc/self')) this.skip()
    // In a process of its own, with a limit: what this is about is a loop without an end.
    const { status, stdout } = spawnSync(
      process.execPath,
      ['--import', 'tsx/esm', '--input-type=module', '-e', refusedBelowProc],
      { encoding: 'utf8', timeout: 10_000 },
    )
    expect(stdout).to.equal('cannot write to /proc/x: no such file or folder; name another place with --out')
    expect(status).to.equal(0)
  })

  it('leaves nothing behind where it cannot write', () => {
    using folder = temporaryFolder({ file: '' })
    expect(() => writeWhole(join(folder.path, 'file', 'x'), '')).to.throw(UsageError)
    expect(readdirSync(folder.path)).to.deep.equal(['file'])
  })

  it('follows a link instead of replacing it', () => {
    using folder = temporaryFolder({ file: 'old' })
    try {
      symlinkSync(join(folder.path, 'file'), join(folder.path, 'link'))
    } catch {
      return // Windows lets only some people make links.
    }
    writeWhole(join(folder.path, 'link'), 'new')
    expect(readFileSync(join(folder.path, 'file'), 'utf8')).to.equal('new')
  })

  it('writes to a device as it is', function () {
    if (!existsSync('/dev/null')) this.skip()
    prepareFile('/dev/null', '--report FORMAT=PATH')
    writeWhole('/dev/null', 'text')
    expect(readFileSync('/dev/null', 'utf8')).to.equal('')
  })
})
