import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SetupError, UsageError } from '#model/errors'
import { mutants } from '#reference/mutants'
import { startReference } from '#reference/start'
import type { Reference } from '#reference/start'
import { suggestion } from '#common/edit-distance'
import { exitCodes } from '#cli/process/exit'
import { systemReason } from '#cli/output/files'
import { flagPort, flagText } from '#cli/config/invocation'
import type { CommandHandler, Invocation } from '#cli/config/invocation'
import { hangingIndent } from '#cli/output/layout'
import { interruptible, untilSignalled } from '#cli/process/signals'
import { oneLine } from '#cli/output/terminal'

/** `target`: serves the reference server or one of its mutants until a signal arrives. */
export const targetCommand: CommandHandler = async (invocation) => {
  const { terminal, flags } = invocation
  if (flags['listMutants'] === true) {
    const longest = Math.max(...mutants.map(({ name }) => name.length))
    terminal.print(
      mutants
        .map(({ name, protocol, breaks, clause }) =>
          hangingIndent(
            `${name.padEnd(longest)}  ${protocol.padEnd(9)}  `,
            `${breaks} (${clause})`,
            terminal.listWidth,
          ),
        )
        .join('\n'),
    )
    return exitCodes.ok
  }
  const mutant = mutantOf(invocation)
  const interruption = interruptible(terminal, null)
  const reference = await start(invocation, mutant)
  const folder = mkdtempSync(join(tmpdir(), 'streamproof-target-'))
  // This also runs if a second signal exits the process at once.
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const ca = join(folder, 'ca.pem')
  writeFileSync(ca, reference.ca)
  const addresses = {
    ws: reference.ws.href,
    wss: reference.wss.href,
    http: reference.http.href,
    https: reference.https.href,
    publish: reference.publish.href,
    plainWs: reference.plainWs.href,
    plainHttp: reference.plainHttp.href,
    allowedOrigin: reference.allowedOrigin,
    deniedOrigin: reference.deniedOrigin,
    ca,
  }
  if (flags['json'] === true) terminal.print(JSON.stringify({ ...addresses, mutant }))
  else {
    terminal.print(
      mutant === null ? 'reference server' : `reference server with one rule broken, mutant ${mutant}`,
    )
    terminal.print(
      Object.entries(addresses)
        .map(([name, value]) => `  ${name.padEnd(14)} ${value}`)
        .join('\n'),
    )
    terminal.note('serving until Ctrl-C or another signal')
  }
  try {
    return await untilSignalled(interruption)
  } finally {
    await reference.close()
    interruption.release()
  }
}

function mutantOf(invocation: Invocation): string | null {
  const name = flagText(invocation, 'mutant')
  if (name === null || mutants.some((one) => one.name === name)) return name
  throw new UsageError(
    `there is no mutant ${oneLine(name)}${suggestion(
      name,
      mutants.map((one) => one.name),
    )}; see \`streamproof target --list-mutants\``,
  )
}

async function start(invocation: Invocation, mutant: string | null): Promise<Reference> {
  const [plain, secure] = [flagPort(invocation, 'port'), flagPort(invocation, 'tlsPort')]
  const variant = flagText(invocation, 'variant') as 'echo' | 'pushing' | null
  try {
    return await startReference({
      host: flagText(invocation, 'host') ?? '127.0.0.1',
      ...(mutant === null ? {} : { mutant }),
      ...(variant === null ? {} : { variant }),
      ports: { ...(plain === null ? {} : { plain }), ...(secure === null ? {} : { secure }) },
    })
  } catch (error) {
    if (error instanceof Error && 'code' in error && 'syscall' in error) {
      throw new SetupError(
        `the reference server cannot listen: ${listenReasons[String(error.code)] ?? systemReason(error)}; choose another --port or --host`,
      )
    }
    throw error
  }
}

const listenReasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'the host name cannot be resolved',
}
