import { Scope } from '#common/scope'
import { streamproof as product } from './product.ts'
import { openRun } from '#run/open-run'
import { select } from '#run/select/select'
import { configure } from './config/configuration.ts'
import { reportError } from './program.ts'
import { runConfiguration, selectionOf } from './config/settings.ts'
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
  const configuration = await configure(
    {
      positional: addresses,
      flags: {},
      env: process.env,
      folder: process.cwd(),
    },
    product.protocols,
  )
  const { options, contract } = configuration
  for (const warning of configuration.warnings) terminal.diagnose(warning)
  const subject = await openSubject(contract, options, product)
  scope.defer(() => subject.close())
  terminal.maskWith((text) => subject.redactor.text(text))
  if (subject.isReference) {
    terminal.diagnose('STREAMPROOF_TARGET is not set: testing the embedded reference server')
  }
  const catalogue = select(await product.loadCatalogue(), selectionOf(options))
  const run = await openRun(
    { registry: product.registry, catalogue },
    runConfiguration(configuration, subject, { env: process.env, protocols: product.protocols }),
  )
  scope.defer(() => run.close())
  terminal.diagnose(`seed ${run.settings.seed}, proxy engine ${run.engine.kind} ${run.engine.version}`)
  await run.register(() => scope.close().then(() => undefined))
} catch (error) {
  await scope.close()
  process.exit(reportError(error, terminal))
}
