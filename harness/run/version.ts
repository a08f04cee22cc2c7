import { existsSync, readFileSync } from 'node:fs'

let found: string | null = null

/** The version in package.json, which lies one step further up when this runs from `dist`. */
export function version(): string {
  found ??= read()
  return found
}

function read(): string {
  for (const place of ['../../package.json', '../../../package.json']) {
    const url = new URL(place, import.meta.url)
    if (!existsSync(url)) continue
    const { name, version } = JSON.parse(readFileSync(url, 'utf8')) as {
      readonly name?: unknown
      readonly version?: unknown
    }
    if (name === 'streamproof' && typeof version === 'string') return version
  }
  throw new Error('package.json is missing beside the program')
}
