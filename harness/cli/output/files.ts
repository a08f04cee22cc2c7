import { mkdirSync, realpathSync, renameSync, rmSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { UsageError } from '#model/errors'

/**
 * Proves that a file can be written at this path, before a run spends its time. Makes its folder, and gives those that
 * it made, the outer ones first: not to be left behind where nothing is written after all (`removeEmpty`).
 * Throws a `UsageError` that says why not, and which option names another place.
 */
export function prepareFile(path: string, option: string): readonly string[] {
  const folder = dirname(path)
  const probe = join(folder, `.streamproof-${process.pid}.tmp`)
  const there = kindOf(path)
  if (there === 'folder')
    throw new UsageError(`cannot write ${path}: it is a folder; name a file with ${option}`)
  if (there === 'device') return []
  try {
    const made = makeFolder(folder)
    writeFileSync(probe, '')
    rmSync(probe)
    return made
  } catch (error) {
    throw new UsageError(
      `cannot write to ${folder}: ${systemReason(error)}; name another place with ${option}`,
    )
  }
}

/** Takes folders away, the inner ones first, as far as nothing is in them. */
export function removeEmpty(folders: readonly string[]): void {
  for (const folder of folders.toReversed()) {
    try {
      rmdirSync(folder)
    } catch {
      // Somebody has put something there, or taken it away.
    }
  }
}

/**
 * Writes a file aside and renames it, so that nobody ever sees half of it. Synchronous on purpose: a second signal,
 * which ends the process at once, cannot come in between.
 */
export function writeWhole(path: string, text: string): void {
  const there = kindOf(path)
  const place = there === 'file' ? realpathSync(path) : path
  const aside = `${place}.${process.pid}.tmp`
  try {
    // A device or a pipe has no folder to write a file aside in.
    if (there === 'device') writeFileSync(place, text)
    else {
      makeFolder(dirname(place))
      writeFileSync(aside, text)
      renameSync(aside, place)
    }
  } catch (error) {
    if (there !== 'device') discard(aside)
    throw new UsageError(`cannot write ${path}: ${systemReason(error)}`)
  }
}

/**
 * Makes a folder and those above it; gives those that were not there, the outer ones first. Node's own `recursive`
 * tries for ever where a parent exists and yet takes no folder, as below /proc.
 */
function makeFolder(folder: string): readonly string[] {
  if (kindOf(folder) === 'folder') return []
  const parent = dirname(folder)
  const made = parent === folder ? [] : makeFolder(parent)
  try {
    mkdirSync(folder)
    return [...made, folder]
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (kindOf(folder) !== 'folder') throw error
    return made
  }
}

function discard(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // It cannot be there: a part of its path is a file.
  }
}

/** What is at the path, links followed; null where nothing is. */
function kindOf(path: string): 'file' | 'folder' | 'device' | null {
  try {
    const there = statSync(path)
    return there.isFile() ? 'file' : there.isDirectory() ? 'folder' : 'device'
  } catch {
    return null
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'a file of that name is in the way',
  EISDIR: 'it is a folder',
  ENOENT: 'no such file or folder',
  ENAMETOOLONG: 'the name is too long',
}

/** What the operating system said, in words. */
export function systemReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  return reasons[code] ?? code
}
