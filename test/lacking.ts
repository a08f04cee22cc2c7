import { execFileSync } from 'node:child_process'

/** Set in CI, which has everything that a test may need. */
const isRealRequired = process.env['STREAMPROOF_REQUIRE_REAL'] === '1'

/** Skips a test, or the suite of a hook, and prints what is missing. Throws if STREAMPROOF_REQUIRE_REAL is set. */
export function lacking(context: Mocha.Context, what: string): never {
  if (isRealRequired) throw new Error(`STREAMPROOF_REQUIRE_REAL is set, and there is ${what}`)
  process.stderr.write(`      skipped: there is ${what}\n`)
  context.skip()
}

/** Skips a test that needs a real Toxiproxy server if there is none. */
export function needToxiproxy(context: Mocha.Context): void {
  const program = process.env['STREAMPROOF_TOXIPROXY_SERVER'] ?? 'toxiproxy-server'
  try {
    execFileSync(program, ['-version'], { stdio: 'ignore' })
  } catch {
    lacking(context, 'no toxiproxy-server on PATH, and STREAMPROOF_TOXIPROXY_SERVER names none')
  }
}
