// Does what `tsc` does not do: the executable bit, subpath imports that lead to the built files instead of the sources, the
// style and the script of the HTML report, and the JSON Schema of report.json.
import { chmodSync, copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'

const dist = new URL('../dist/', import.meta.url)
const main = new URL('harness/cli/main.js', dist)
if (existsSync(main)) chmodSync(main, 0o755)

// Node resolves `#peers/*` by the nearest package.json, which for the built files is the one in `dist`.
const { type, imports } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const built = Object.fromEntries(
  Object.entries(imports).map(([name, source]) => [name, source.replace(/\.ts$/, '.js')]),
)
writeFileSync(
  new URL('package.json', dist),
  `${JSON.stringify({ private: true, type, imports: built }, null, 2)}\n`,
)

for (const file of ['reports/html/page.css', 'reports/html/page.js'])
  copyFileSync(new URL(`../${file}`, import.meta.url), new URL(file, dist))

const { reportJsonSchema } = await import(new URL('harness/model/result.js', dist).href)
writeFileSync(new URL('report.schema.json', dist), `${JSON.stringify(reportJsonSchema(), null, 2)}\n`)
