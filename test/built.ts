import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the package. */
export const top = fileURLToPath(new URL('../', import.meta.url))

/** Builds `dist` unless it is newer than every source. `npm test` has built it before. */
export function ensureBuilt(): void {
  if (isBuilt()) return
  const windows = process.platform === 'win32'
  const { status, stderr } = spawnSync('npm', ['run', 'build'], {
    cwd: top,
    shell: windows,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`npm run build failed: ${stderr}`)
}

function isBuilt(): boolean {
  const last = join(top, 'dist', 'report.schema.json')
  return existsSync(last) && statSync(last).mtimeMs > newestMs()
}

function newestMs(): number {
  const files = ['harness', 'proxies', 'reports', 'suites'].flatMap((folder) =>
    readdirSync(join(top, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  )
  return Math.max(...[...files, join(top, 'index.ts')].map((file) => statSync(file).mtimeMs))
}
