import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { declaredChecks } from '#model/check'
import { assemble } from '#model/catalogue'
import type { Catalogue, SuiteFile } from '#model/catalogue'
import type { Kit } from '#peers/kit'
import { expectations } from './expectations.ts'

const rooms = ['websocket', 'sse', 'compare'] as const

let loaded: Promise<Catalogue<Kit>> | null = null

/** Loads every file of checks, in the order of the text. The catalogue is the same however often it is asked for. */
export function loadCatalogue(): Promise<Catalogue<Kit>> {
  loaded ??= load()
  return loaded
}

async function load(): Promise<Catalogue<Kit>> {
  const files: SuiteFile[] = []
  const before = declaredChecks().length
  for (const room of rooms) {
    const folder = new URL(`${room}/`, import.meta.url)
    for (const name of (await readdir(folder)).filter(isModule).toSorted()) {
      // One after the other: the place of a check in the text is the order in which its file is evaluated.
      const exports = (await import(new URL(name, folder).href)) as Record<string, unknown>
      files.push({ path: fileURLToPath(new URL(name, folder)), exports })
    }
  }
  return { checks: assemble<Kit>(files, declaredChecks().slice(before)), expectations }
}

/** Source files in a checkout, their output in the package; never declarations. */
function isModule(name: string): boolean {
  return /\.(ts|js)$/.test(name) && !name.endsWith('.d.ts')
}
