import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { declaredChecks } from '#model/check'
import { assemble } from '#model/catalogue'
import type { Catalogue, SuiteFile } from '#model/catalogue'
import { protocols } from '#protocols/index'
import type { Kit } from '#peers/kit'
import { expectations } from './expectations.ts'

let loaded: Promise<Catalogue<Kit>> | null = null

/** Loads every file of checks, in the order of the standards' text. Further calls return the same catalogue. */
export function loadCatalogue(): Promise<Catalogue<Kit>> {
  loaded ??= load()
  return loaded
}

async function load(): Promise<Catalogue<Kit>> {
  const before = declaredChecks().length
  const files: SuiteFile[] = []
  // One file after the other: the place of a check in the text is the order in which its file is evaluated.
  for (const url of await modulesBelow(new URL('.', import.meta.url))) {
    const exports = (await import(url.href)) as Record<string, unknown>
    files.push({ path: fileURLToPath(url), exports })
  }
  return { checks: assemble<Kit>(files, declaredChecks().slice(before), protocols), expectations }
}

/** The modules in the folders of this folder, by name. */
async function modulesBelow(folder: URL): Promise<URL[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const folders = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => new URL(`${name}/`, folder))
  const modules = await Promise.all(
    folders.map(async (below) => (await readdir(below)).filter(isModule).map((name) => new URL(name, below))),
  )
  return modules.flat().toSorted((a, b) => (a.pathname < b.pathname ? -1 : 1))
}

/** True for a source file in a checkout or a compiled file in the package, never for declarations. */
function isModule(name: string): boolean {
  return /\.(ts|js)$/.test(name) && !name.endsWith('.d.ts')
}
