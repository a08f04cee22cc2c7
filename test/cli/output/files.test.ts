import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { UsageError } from '#model/errors'
import { prepareFile, removeEmpty, writeWhole } from '#cli/output/files'
import { temporaryFolder } from '../support/temporary.ts'

const refusedBelowProc = `
  import { prepareFile } from ${JSON.stringify(new URL('../../../harness/cli/output/files.ts', import.meta.url).href)}
  try {
    prepareFile('/proc/x/report.json', '--out')
  } catch (error) {
    process.stdout.write(error.message)
  }`

describe('cli/files', () => {
  it('writes a temporary file and renames it, and creates folders', () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'a', 'b.txt')
    expect(prepareFile(path, '--out')).to.deep.equal([join(folder.path, 'a')])
    expect(readdirSync(join(folder.path, 'a'))).to.deep.equal([])
    writeWhole(path, 'one')
    writeWhole(path, 'two')
    expect(readFileSync(path, 'utf8')).to.equal('two')
    expect(readdirSync(join(folder.path, 'a'))).to.deep.equal(['b.txt'])
  })

  it('rejects a path at which no file can be written', () => {
    using folder = temporaryFolder({ file: '' })
    expect(() => prepareFile(join(folder.path, 'file', 'report.json'), '--out')).to.throw(
      UsageError,
      /^cannot write to .*file: (a file of that name is in the way|a part of the path is a file); choose another place with --out$/,
    )
    mkdirSync(join(folder.path, 'folder'))
    expect(() => prepareFile(join(folder.path, 'folder'), '--report FORMAT=PATH')).to.throw(
      UsageError,
      /it is a folder/,
    )
  })

  it('removes the folders that it created, unless they have content', () => {
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

  it('rejects a path below /proc, which accepts no folders', function () {
    if (!existsSync('/proc/self')) this.skip()
    // The fault would be an endless loop, so this runs in another process with a time limit.
    const { status, stdout } = spawnSync(
      process.execPath,
      ['--import', 'tsx/esm', '--input-type=module', '-e', refusedBelowProc],
      { encoding: 'utf8', timeout: 10_000 },
    )
    expect(stdout).to.equal(
      'cannot write to /proc/x: no such file or folder; choose another place with --out',
    )
    expect(status).to.equal(0)
  })

  it('leaves no temporary file if it cannot write', () => {
    using folder = temporaryFolder({ file: '' })
    expect(() => writeWhole(join(folder.path, 'file', 'x'), '')).to.throw(UsageError)
    expect(readdirSync(folder.path)).to.deep.equal(['file'])
  })

  it('writes to the file that a link points to', () => {
    using folder = temporaryFolder({ file: 'old' })
    try {
      symlinkSync(join(folder.path, 'file'), join(folder.path, 'link'))
    } catch {
      return // On Windows links need a privilege.
    }
    writeWhole(join(folder.path, 'link'), 'new')
    expect(readFileSync(join(folder.path, 'file'), 'utf8')).to.equal('new')
  })

  it('writes to a device without a temporary file', function () {
    if (!existsSync('/dev/null')) this.skip()
    prepareFile('/dev/null', '--report FORMAT=PATH')
    writeWhole('/dev/null', 'text')
    expect(readFileSync('/dev/null', 'utf8')).to.equal('')
  })
})
