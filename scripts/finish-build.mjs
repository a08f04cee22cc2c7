// What `tsc` does not do: the executable bit, subpath imports that lead to the built files instead of the sources, and
// the JSON Schema of report.json beside the code that it describes.
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'

const dist = new URL('../dist/', import.meta.url)
const main = new URL('harness/cli/main.js', dist)
if (existsSync(main)) chmodSync(main, 0o755)

// Node takes `#peers/*` from the nearest package.json: that of `dist` for what lies in it.
const { type, imports } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const built = Object.fromEntries(
  Object.entries(imports).map(([name, source]) => [name, source.replace(/\.ts$/, '.js')]),
)
writeFileSync(
  new URL('package.json', dist),
  `${JSON.stringify({ private: true, type, imports: built }, null, 2)}\n`,
)

const { reportJsonSchema } = await import(new URL('harness/model/result.js', dist).href)
writeFileSync(new URL('report.schema.json', dist), `${JSON.stringify(reportJsonSchema(), null, 2)}\n`)
