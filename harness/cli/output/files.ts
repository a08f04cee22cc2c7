import { mkdirSync, realpathSync, renameSync, rmSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { UsageError } from '#model/errors'

/**
 * Makes sure before a run that a file can be written at this path. Creates its folder, and returns the folders that it
 * created, the outer ones first, for `removeEmpty` if the file is never written.
 * @param option the option that gives another path, for the message.
 * @throws UsageError with the reason why the file cannot be written.
 */
export function prepareFile(path: string, option: string): readonly string[] {
  const folder = dirname(path)
  const probe = join(folder, `.streamproof-${process.pid}.tmp`)
  const kind = kindOf(path)
  if (kind === 'folder')
    throw new UsageError(`cannot write ${path}: it is a folder; give the path of a file with ${option}`)
  if (kind === 'device') return []
  try {
    const created = createFolder(folder)
    writeFileSync(probe, '')
    rmSync(probe)
    return created
  } catch (error) {
    throw new UsageError(
      `cannot write to ${folder}: ${systemReason(error)}; choose another place with ${option}`,
    )
  }
}

/** Removes the folders that are empty, the inner ones first. */
export function removeEmpty(folders: readonly string[]): void {
  for (const folder of folders.toReversed()) {
    try {
      rmdirSync(folder)
    } catch {
      // The folder is not empty, or was removed already.
    }
  }
}

/**
 * Writes a temporary file and renames it, so that the file is never seen half written. Synchronous on purpose: a second
 * signal, which exits the process at once, cannot arrive in between.
 * @throws UsageError if the file cannot be written.
 */
export function writeWhole(path: string, text: string): void {
  const kind = kindOf(path)
  const place = kind === 'file' ? realpathSync(path) : path
  const aside = `${place}.${process.pid}.tmp`
  try {
    // The folder of a device or a pipe, such as /dev, is no place for a temporary file.
    if (kind === 'device') writeFileSync(place, text)
    else {
      createFolder(dirname(place))
      writeFileSync(aside, text)
      renameSync(aside, place)
    }
  } catch (error) {
    if (kind !== 'device') discard(aside)
    throw new UsageError(`cannot write ${path}: ${systemReason(error)}`)
  }
}

/**
 * Creates a folder and its parents, and returns the ones that did not exist, the outer ones first. Node's own
 * `recursive` never returns if an existing parent accepts no folders, as /proc does not.
 */
function createFolder(folder: string): readonly string[] {
  if (kindOf(folder) === 'folder') return []
  const parent = dirname(folder)
  const created = parent === folder ? [] : createFolder(parent)
  try {
    mkdirSync(folder)
    return [...created, folder]
  } catch (error) {
    // Another process may have created it meanwhile.
    if (kindOf(folder) !== 'folder') throw error
    return created
  }
}

function discard(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // The file cannot exist: a part of its path is a file.
  }
}

/** What the path points to, after following links; null if nothing exists there. */
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

/** The error code of the operating system, in words. */
export function systemReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  return reasons[code] ?? code
}
