import { openEngine } from '#proxies/driver/open-engine'
import { Scope } from '#common/scope'
import type { Engine } from '#proxies/types'
import { discoverTargets } from '#target/discovery/discover'
import { configure } from '#cli/config/configuration'
import { exitCodes, isForeseen } from '#cli/process/exit'
import type { Act, Invocation } from '#cli/config/invocation'
import { engineOptions } from '#cli/config/link'
import { behind } from '#cli/output/layout'
import { lookAtAddress, lookAtIpv6 } from '#cli/process/diagnostics'
import type { Sight } from '#cli/process/diagnostics'
import type { Options } from '#cli/config/options'
import { interruptible } from '#cli/process/signals'
import { openSubject } from '#cli/config/subject'
import type { Subject } from '#cli/config/subject'
import { oneLine } from '#cli/output/terminal'
import { version } from '#run/version'

/** `doctor [URL]`: what this machine, the link engine and a target can do, with the evidence. */
export const doctorCommand: Act = async (invocation) => {
  const interruption = interruptible(invocation.terminal, 'closing what was opened')
  try {
    const status = await look(invocation)
    return interruption.exitCode() ?? status
  } finally {
    interruption.release()
  }
}

async function look(invocation: Invocation): Promise<number> {
  const { terminal, env } = invocation
  const { options, contract, remarks } = await configure(invocation)
  for (const remark of remarks) terminal.diagnose(remark)
  await using scope = new Scope()
  const sights: Sight[] = []
  const tell = (sight: Sight, indent = ''): void => {
    sights.push(sight)
    const heading = `${indent}${marks[sight.state]}  `
    terminal.print(behind(heading, oneLine(terminal.masked(sight.what)), terminal.listWidth))
  }

  tell({
    state: 'fine',
    what: `streamproof ${version()}, Node ${process.versions.node}, ${process.platform} ${process.arch}`,
  })
  tell(await lookAtIpv6())
  const engine = await lookAtEngine(options, env, tell)
  if (engine !== null) scope.defer(() => engine.close())
  const subject = await openSubject(contract, options)
  scope.defer(() => subject.close())
  terminal.maskWith((text) => subject.redactor.text(text))
  if (subject.isReference) terminal.print('no target is given: looking at the embedded reference server')
  for (const protocol of ['websocket', 'sse'] as const) {
    await lookAtTarget(subject, protocol, { engine, timeScale: options.timeoutScale }, tell)
  }
  return sights.some(({ state }) => state === 'bad') ? exitCodes.setup : exitCodes.fine
}

const marks: Readonly<Record<Sight['state'], string>> = { fine: 'ok', missing: '--', bad: '!!' }

type Tell = (sight: Sight, indent?: string) => void

async function lookAtEngine(options: Options, env: Invocation['env'], tell: Tell): Promise<Engine | null> {
  try {
    const engine = await openEngine(engineOptions(options, `doctor-${process.pid}`, { env }))
    tell({
      state: 'fine',
      what: `link engine: ${engine.kind} ${engine.version}; a connection passed through it, and was cut by it`,
    })
    for (const what of engine.remarks ?? []) tell({ state: 'missing', what }, '    ')
    return engine
  } catch (error) {
    if (!isForeseen(error)) throw error
    tell({ state: 'bad', what: `link engine: ${error.message}` })
    return null
  }
}

async function lookAtTarget(
  subject: Subject,
  protocol: 'websocket' | 'sse',
  link: { readonly engine: Engine | null; readonly timeScale: number },
  tell: Tell,
): Promise<void> {
  const endpoint = subject.targets[protocol]
  if (endpoint === null) return
  const address = await lookAtAddress(endpoint)
  for (const sight of address) tell({ ...sight, what: `${protocol} ${sight.what}` })
  if (address.some(({ state }) => state === 'bad')) return
  const others =
    protocol === 'websocket' ? { websocket: endpoint, sse: null } : { websocket: null, sse: endpoint }
  try {
    const [found] = await discoverTargets(
      { ...others, ...link, seed: 1, redactor: subject.redactor },
      {
        shown: subject.shown,
        expects:
          subject.contract.expects?.filter((one) => one.startsWith(protocol === 'sse' ? 'sse.' : 'ws.')) ??
          [],
      },
    )
    tell({ state: 'fine', what: `${protocol} speaks its protocol; what it can do:` })
    for (const [name, { state, evidence }] of Object.entries(found?.capabilities ?? {})) {
      tell(
        { state: state === 'present' ? 'fine' : 'missing', what: `${name} is ${state}: ${evidence}` },
        '    ',
      )
    }
  } catch (error) {
    if (!isForeseen(error)) throw error
    tell({ state: 'bad', what: `${protocol}: ${error.message}` })
  }
}
