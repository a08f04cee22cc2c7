import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { UsageError } from '#model/errors'
import { systemReason } from '#cli/output/files'

/** The names of a config file. A folder may hold only one of them. */
const names = ['js', 'mjs', 'json', 'ts'].map((ending) => `streamproof.config.${ending}`)

export interface ConfigFile {
  readonly path: string
  readonly content: unknown
}

/**
 * Loads the named file, or else the one in the folder `from` or the nearest folder above it; null if there is none.
 * @throws UsageError if the file cannot be loaded, or if a folder holds two of them.
 */
export async function loadConfigFile(named: string | null, from: string): Promise<ConfigFile | null> {
  const path = named === null ? find(from) : resolve(from, named)
  if (path === null) return null
  return { path, content: await load(path) }
}

function find(from: string): string | null {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const found = names.filter((name) => existsSync(join(folder, name)))
    if (found.length > 1)
      throw new UsageError(`${folder} has ${found.join(' and ')}; remove one, or choose one with --config`)
    if (found[0] !== undefined) return join(folder, found[0])
    if (dirname(folder) === folder) return null
  }
}

async function load(path: string): Promise<unknown> {
  if (!existsSync(path)) throw new UsageError(`config file ${path} does not exist`)
  if (extname(path) === '.json') return parse(path)
  try {
    return defaultExport(path, await importConfig(path))
  } catch (error) {
    if (error instanceof UsageError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`cannot load config file ${path}: ${reason}`, { cause: error })
  }
}

function parse(path: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`cannot read config file ${path}: ${systemReason(error)}`)
  }
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    // Newer versions of Node quote the text around the mistake, which may be a credential.
    const place =
      /at position \d+|\(line \d+ column \d+\)/.exec(error instanceof Error ? error.message : '')?.[0] ?? ''
    throw new UsageError(
      `config file ${path} is not valid JSON${place === '' ? '' : ` (${place.replaceAll(/[()]/g, '')})`}`,
    )
  }
}

function defaultExport(path: string, module: unknown): unknown {
  if (typeof module === 'object' && module !== null && 'default' in module) return module.default
  throw new UsageError(`config file ${path} has no default export; add \`export default {}\``)
}

async function importConfig(path: string): Promise<unknown> {
  const address = pathToFileURL(path).href
  try {
    return await import(address)
  } catch (error) {
    if (!isUnknownExtension(error)) throw error
  }
  // This version of Node does not strip types. tsx does, if it is installed in the project of the file.
  let tsx: string
  try {
    tsx = createRequire(path).resolve('tsx/esm')
  } catch {
    throw new UsageError(
      `config file ${path} is TypeScript, which Node ${process.versions.node} cannot load; install tsx in its project, or write it as .mjs`,
    )
  }
  // tsx registers itself for this process. Node remembers the failed import by its URL, so the URL has to differ.
  await import(pathToFileURL(tsx).href)
  return await import(`${address}?by=tsx`)
}

function isUnknownExtension(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION'
}
