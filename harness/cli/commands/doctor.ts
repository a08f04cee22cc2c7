import { openEngine } from '#proxies/driver/open-engine'
import { Scope } from '#common/scope'
import type { Engine } from '#proxies/types'
import { ownerOf } from '#model/protocol'
import type { Product } from '#cli/product'
import type { AnyContract } from '#target/contract/contract'
import { discoverTargets } from '#target/discovery/discover'
import type { RunTarget } from '#target/target'
import { configure } from '#cli/config/configuration'
import { exitCodes, isExpected } from '#cli/process/exit'
import type { CommandHandler, Invocation } from '#cli/config/invocation'
import { proxyOptions } from '#cli/config/link'
import { hangingIndent } from '#cli/output/layout'
import { checkAddress, checkIpv6 } from '#cli/process/diagnostics'
import type { DiagnosticResult } from '#cli/process/diagnostics'
import type { Options } from '#cli/config/options'
import { interruptible } from '#cli/process/signals'
import { openSubject } from '#cli/config/subject'
import type { Subject } from '#cli/config/subject'
import { oneLine } from '#cli/output/terminal'
import { version } from '#run/version'

/** `doctor`: checks that this machine, the proxy engine and a server are ready for a run, and prints the evidence. */
export const doctorCommand: CommandHandler = async (invocation) => {
  const interruption = interruptible(invocation.terminal, 'closing connections')
  try {
    const status = await diagnose(invocation)
    return interruption.exitCode() ?? status
  } finally {
    interruption.release()
  }
}

async function diagnose(invocation: Invocation): Promise<number> {
  const { terminal, env, product } = invocation
  const { options, contract, warnings } = await configure(invocation, product.protocols)
  for (const warning of warnings) terminal.diagnose(warning)
  await using scope = new Scope()
  let hasFailed = false
  const print: Print = ({ state, message }, indent = '') => {
    hasFailed ||= state === 'failed'
    const heading = `${indent}${marks[state]}  `
    terminal.print(hangingIndent(heading, oneLine(terminal.masked(message)), terminal.listWidth))
  }

  print({
    state: 'ok',
    message: `streamproof ${version()}, Node ${process.versions.node}, ${process.platform} ${process.arch}`,
  })
  print(await checkIpv6())
  const engine = await checkEngine(options, env, print)
  if (engine !== null) scope.defer(() => engine.close())
  const subject = await openSubject(contract, options, product)
  scope.defer(() => subject.close())
  terminal.maskWith((text) => subject.redactor.text(text))
  if (subject.isReference) terminal.print('no URL is given: checking the embedded reference server')
  for (const target of subject.targets)
    await checkTarget(subject, target, { product, engine, timeScale: options.timeoutScale }, print)
  return hasFailed ? exitCodes.setup : exitCodes.ok
}

const marks: Readonly<Record<DiagnosticResult['state'], string>> = { ok: 'ok', missing: '--', failed: '!!' }

type Print = (result: DiagnosticResult, indent?: string) => void

async function checkEngine(options: Options, env: Invocation['env'], print: Print): Promise<Engine | null> {
  try {
    const engine = await openEngine({
      ...proxyOptions(options, env),
      runId: `doctor-${process.pid}`,
      timeScale: options.timeoutScale,
    })
    print({
      state: 'ok',
      message: `proxy engine: ${engine.kind} ${engine.version} forwarded a connection and cut it`,
    })
    for (const message of engine.remarks ?? []) print({ state: 'missing', message }, '    ')
    return engine
  } catch (error) {
    if (!isExpected(error)) throw error
    print({ state: 'failed', message: `proxy engine: ${error.message}` })
    return null
  }
}

async function checkTarget(
  subject: Subject,
  target: RunTarget,
  {
    product,
    ...link
  }: { readonly product: Product; readonly engine: Engine | null; readonly timeScale: number },
  print: Print,
): Promise<void> {
  const { protocol, endpoint } = target
  const name = product.protocols.find(({ id }) => id === protocol)?.shortTitle ?? protocol
  const address = endpoint === null ? [] : await checkAddress(endpoint)
  for (const { state, message } of address) print({ state, message: `${name} ${message}` })
  if (address.some(({ state }) => state === 'failed')) return
  try {
    const { targets } = await discoverTargets(
      product.registry,
      [target],
      { ...link, seed: 1, redactor: subject.redactor },
      { expects: expectedOf(subject.contract, protocol, product.protocols) },
    )
    print({ state: 'ok', message: `${name} accepts a valid connection; its capabilities:` })
    for (const [capability, { state, evidence }] of Object.entries(targets[0]?.capabilities ?? {})) {
      print(
        { state: state === 'present' ? 'ok' : 'missing', message: `${capability} is ${state}: ${evidence}` },
        '    ',
      )
    }
  } catch (error) {
    if (!isExpected(error)) throw error
    print({ state: 'failed', message: `${name}: ${error.message}` })
  }
}

/** The declared capabilities that belong to this protocol, or to any. */
function expectedOf(
  { expects = [] }: AnyContract,
  protocol: string,
  protocols: Product['protocols'],
): readonly string[] {
  return expects.filter((capability) => {
    const owner = ownerOf(protocols, capability)
    return owner === null || owner.id === protocol
  })
}
