import { execFileSync } from 'node:child_process'

/** Set in CI: what a test needs must be there. */
const isRealRequired = process.env['STREAMPROOF_REQUIRE_REAL'] === '1'

/** Skips a test, or the suite of a hook, with a word why; where the real things are required it fails instead. */
export function lacking(context: Mocha.Context, what: string): never {
  if (isRealRequired) throw new Error(`STREAMPROOF_REQUIRE_REAL is set, and there is ${what}`)
  process.stderr.write(`      skipped: there is ${what}\n`)
  context.skip()
}

/** For a test that asks Toxiproxy's own server. */
export function needToxiproxy(context: Mocha.Context): void {
  const program = process.env['STREAMPROOF_TOXIPROXY_SERVER'] ?? 'toxiproxy-server'
  try {
    execFileSync(program, ['-version'], { stdio: 'ignore' })
  } catch {
    lacking(context, 'no toxiproxy-server on PATH, and STREAMPROOF_TOXIPROXY_SERVER names none')
  }
}
