// A whole run, with failures repeated and crashes isolated: node report.mjs
import { run } from 'streamproof'

const report = await run({ ws: 'ws://localhost:8080/chat' })

for (const { id, verdict, expected, actual } of report.results) {
  if (verdict === 'fail') console.log(`${id}: expected ${expected}; actual: ${actual}`)
}
process.exitCode = report.run.exitCode
