import { randomInt } from 'node:crypto'
import { openEngine } from '#proxies/driver/open-engine'
import { loadCatalogue } from '#suites/index'
import { Scope } from '#common/scope'
import { registerRun } from '#run/run'
import type { RunSettings } from '#run/settings'
import { configure } from './config/configuration.ts'
import { engineOptions } from './config/link.ts'
import { reportError } from './program.ts'
import { settingsFrom } from './config/settings.ts'
import { openSubject } from './config/subject.ts'
import { Terminal } from './output/terminal.ts'

/**
 * Registers every check as a test of mocha: the spec of `.mocharc.json`. `STREAMPROOF_TARGET` holds the URLs, separated
 * by commas; without it the embedded reference server is tested. All other options come from the config file and the
 * environment, as for `run`.
 */
const terminal = new Terminal()
const scope = new Scope()

try {
  const addresses = (process.env['STREAMPROOF_TARGET'] ?? '').split(',').filter((one) => one.trim() !== '')
  const configuration = await configure({
    positional: addresses,
    flags: {},
    env: process.env,
    folder: process.cwd(),
  })
  const { options, contract } = configuration
  for (const warning of configuration.warnings) terminal.diagnose(warning)
  const subject = await openSubject(contract, options)
  scope.defer(() => subject.close())
  terminal.maskWith((text) => subject.redactor.text(text))
  if (subject.isReference) {
    terminal.diagnose('STREAMPROOF_TARGET is not set: testing the embedded reference server')
  }
  const runId = randomInt(0x1_0000_0000).toString(36)
  const engine = await openEngine(
    engineOptions(options, runId, { env: process.env, targets: subject.targets }),
  )
  scope.defer(() => engine.close())
  const settings: RunSettings = settingsFrom(configuration, subject, {
    engine,
    runId,
    env: process.env,
  })
  terminal.diagnose(`seed ${settings.seed}, proxy engine ${engine.kind} ${engine.version}`)
  await registerRun(await loadCatalogue(), settings, () => scope.close().then(() => undefined))
} catch (error) {
  await scope.close()
  process.exit(reportError(error, terminal))
}
