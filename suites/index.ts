import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { declaredChecks } from '#model/check'
import { assemble } from '#model/catalogue'
import type { Catalogue, SuiteFile } from '#model/catalogue'
import type { Kit } from '#peers/kit'
import { expectations } from './expectations.ts'

const folders = ['websocket', 'sse', 'compare'] as const

let loaded: Promise<Catalogue<Kit>> | null = null

/** Loads every file of checks, in the order of the standards' text. Further calls return the same catalogue. */
export function loadCatalogue(): Promise<Catalogue<Kit>> {
  loaded ??= load()
  return loaded
}

async function load(): Promise<Catalogue<Kit>> {
  const files: SuiteFile[] = []
  const before = declaredChecks().length
  for (const folderName of folders) {
    const folder = new URL(`${folderName}/`, import.meta.url)
    for (const name of (await readdir(folder)).filter(isModule).toSorted()) {
      // In sequence: the order in which a file is evaluated is the order of its checks in the catalogue.
      const exports = (await import(new URL(name, folder).href)) as Record<string, unknown>
      files.push({ path: fileURLToPath(new URL(name, folder)), exports })
    }
  }
  return { checks: assemble<Kit>(files, declaredChecks().slice(before)), expectations }
}

/** True for a source file in a checkout or a compiled file in the package, never for declarations. */
function isModule(name: string): boolean {
  return /\.(ts|js)$/.test(name) && !name.endsWith('.d.ts')
}
