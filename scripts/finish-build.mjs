// What `tsc` does not do: the executable bit, and the JSON Schema of report.json beside the code that it describes.
import { chmodSync, existsSync, writeFileSync } from 'node:fs'

const dist = new URL('../dist/', import.meta.url)
const main = new URL('harness/cli/main.js', dist)
if (existsSync(main)) chmodSync(main, 0o755)

const { reportJsonSchema } = await import(new URL('harness/check/result.js', dist).href)
writeFileSync(new URL('report.schema.json', dist), `${JSON.stringify(reportJsonSchema(), null, 2)}\n`)
