import type { SelectedCatalogue } from '#model/catalogue'
import { SetupError } from '#model/errors'
import { Scope } from '#common/scope'
import type { Report } from '#model/result'
import { openRun } from '#run/open-run'
import { select } from '#run/select/select'
import { configure } from '#cli/config/configuration'
import type { Configuration } from '#cli/config/configuration'
import { exitCodeOf, exitCodes } from '#cli/process/exit'
import type { CommandHandler, Invocation } from '#cli/config/invocation'
import { openOutputs } from '#cli/output/outputs'
import { progressHooks } from '#cli/output/progress'
import { runConfiguration, selectionOf } from '#cli/config/settings'
import { interruptible } from '#cli/process/signals'
import { openSubject } from '#cli/config/subject'
import type { Terminal } from '#cli/output/terminal'
import { waitForTarget } from '#cli/process/wait'
import { endpointsOf } from '#target/target'

/** `run`: tests a server and writes the reports. */
export const runCommand: CommandHandler = async (invocation) => {
  const { terminal } = invocation
  const interruption = interruptible(terminal, 'removing the proxies and writing a partial report')
  try {
    const status = await testTarget(invocation, interruption.signal)
    return interruption.exitCode() ?? status
  } catch (error) {
    const code = interruption.exitCode()
    // An error that the interruption caused is not worth a message.
    if (code !== null && exitCodeOf(error) !== exitCodes.harnessError) return code
    throw error
  } finally {
    terminal.clearProgress()
    interruption.release()
  }
}

async function testTarget(invocation: Invocation, signal: AbortSignal): Promise<number> {
  const { terminal } = invocation
  const configuration = await configure(invocation, invocation.product.protocols)
  const { options } = configuration
  terminal.quiet = options.quiet
  for (const warning of configuration.warnings) terminal.diagnose(warning)
  const catalogue = select(await invocation.product.loadCatalogue(), selectionOf(options))
  const outputs = openOutputs(options, invocation.folder, invocation.env, terminal)

  try {
    const report = await observe(configuration, catalogue, invocation, signal)
    outputs.write(report)
    if (outputs.files.length > 0 && !options.quiet) terminal.diagnose(`wrote ${outputs.files.join(', ')}`)
    return report.run.exitCode
  } finally {
    outputs.close()
  }
}

/** Opens what a run needs, runs the checks, and closes everything even if an error occurs. */
async function observe(
  configuration: Configuration,
  catalogue: SelectedCatalogue<unknown>,
  { env, terminal, product }: Invocation,
  signal: AbortSignal,
): Promise<Report> {
  const { options, contract } = configuration
  await using scope = new Scope()
  const subject = await openSubject(contract, options, product)
  scope.defer(() => subject.close())
  terminal.maskWith((text) => subject.redactor.text(text))
  if (subject.isReference) terminal.note('no URL is given: testing the embedded reference server')
  if (options.wait !== null) {
    terminal.note('waiting until the server accepts connections')
    for (const { url } of endpointsOf(subject.targets)) await waitForTarget(url, options.wait, signal)
  }
  if (signal.aborted) throw new SetupError('interrupted before the first check started')
  const run = await openRun(
    { registry: product.registry, catalogue },
    runConfiguration(configuration, subject, { env, protocols: product.protocols, signal }),
  )
  scope.defer(() => run.close())
  terminal.note(`seed ${run.settings.seed}, proxy engine ${run.engine.kind} ${run.engine.version}`)
  const report = await run.run(progressHooks(terminal, options.ascii, product.protocols))
  terminal.clearProgress()
  await closeAll(scope, terminal)
  return report
}

/** Prints errors of closing, so that they do not replace the result. */
async function closeAll(scope: Scope, terminal: Terminal): Promise<void> {
  for (const error of await scope.close()) {
    terminal.diagnose(`could not close everything: ${error instanceof Error ? error.message : String(error)}`)
  }
}
