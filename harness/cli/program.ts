import { Command, CommanderError, Option } from 'commander'
import { keepDetails } from './output/details.ts'
import { exitCodeOf, exitCodes, isForeseen } from './process/exit.ts'
import { flagOf, optionNames, optionSpec } from './config/options.ts'
import type { OptionName } from './config/options.ts'
import type { Terminal } from './output/terminal.ts'
import type { Act } from './config/invocation.ts'
import { version } from '#run/version'

/** What a command line is run in. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The working folder. */
  readonly folder: string
}

/** Runs one command line and gives its exit status. Never throws, never exits. */
export async function main(
  argv: readonly string[],
  terminal: Terminal,
  around: Surroundings,
): Promise<number> {
  let status: number = exitCodes.fine
  const program = describe(terminal, around, (code) => {
    status = code
  })
  try {
    await program.parseAsync([...goStyle(argv)], { from: 'user' })
    return status
  } catch (error) {
    if (error instanceof CommanderError) return usageStatus(error, terminal)
    return tell(error, terminal)
  }
}

/** One line for whatever ended a command, and its status. */
export function tell(error: unknown, terminal: Terminal): number {
  if (isForeseen(error)) terminal.diagnose(error.message)
  else {
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    terminal.diagnose(`harness error: ${what} (${keepDetails(error, terminal)})`)
  }
  return exitCodeOf(error)
}

function usageStatus(error: CommanderError, terminal: Terminal): number {
  // Help and version were asked for; help for want of a command was not.
  if (error.exitCode === 0) return exitCodes.fine
  const line = error.message
    .replace(/^error: /, '')
    .replaceAll(/\s*\(Did you mean (.*?)\?\)/g, '; did you mean $1?')
  if (error.code !== 'commander.help') terminal.diagnose(`${line}; see --help`)
  return exitCodes.usage
}

function describe(terminal: Terminal, around: Surroundings, done: (status: number) => void): Command {
  const program = new Command('streamproof')
    .description('Protocol conformance and fault injection for WebSocket and Server-Sent Events servers')
    .version(version(), '-V, --version')
    .helpCommand(false)
    .exitOverride()
    .enablePositionalOptions()
    .configureOutput({
      getOutHelpWidth: () => terminal.width,
      getErrHelpWidth: () => terminal.width,
      writeOut: (text) => terminal.print(text),
      // Usage errors are told by us, in one line. Only help for want of a command comes this way.
      writeErr: (text) => terminal.explain(text),
      outputError: () => undefined,
    })
    // Two columns also where they are narrow: a line that is broken by the terminal is harder to read.
    .configureHelp({ minWidthToWrap: 15 })
    .showSuggestionAfterError(true)

  const add = (name: string, description: string, act: Act): Command => {
    const command = program.command(name).description(description)
    command.allowExcessArguments(false)
    command.action(async () => {
      done(
        await act({
          positional: command.args,
          flags: command.opts(),
          ...around,
          terminal,
        }),
      )
    })
    return command
  }

  const run = add('run', 'judge a server; without a URL, the embedded reference server', async (given) =>
    (await import('./commands/run.ts')).runCommand(given),
  ).argument('[urls...]', 'ws:, wss: = WebSocket; http:, https: = event stream')
  addOptions(run, optionNames)
  const list = add('list', 'the checks that there are', async (given) =>
    (await import('./commands/list.ts')).listCommand(given),
  )
  addOptions(
    list,
    optionNames.filter((name) => optionSpec(name).group === 'Selection'),
  )
  list.option('--json', 'as JSON, with the time budget that exclusive checks need')
  add('explain', 'what one check asks for, and where it stands', async (given) =>
    (await import('./commands/explain.ts')).explainCommand(given),
  ).argument('<id>', 'as `list` shows it')
  const doctor = add('doctor', 'look at this machine, the link engine and a target', async (given) =>
    (await import('./commands/doctor.ts')).doctorCommand(given),
  ).argument('[urls...]', 'the target to look at')
  addOptions(
    doctor,
    optionNames.filter((name) => optionSpec(name).group === 'Target' || doctorAlso.has(name)),
  )
  const config = add('config', 'show every option, and where its value comes from', async (given) =>
    (await import('./commands/config.ts')).configCommand(given),
  ).argument('[urls...]', 'as `run` takes them')
  addOptions(config, optionNames)
  config.option('--print', 'show them (credentials masked)')
  add('proxy', 'the embedded link engine, standalone: speaks the HTTP API of Toxiproxy', async (given) =>
    (await import('./commands/proxy.ts')).proxyCommand(given),
  )
    .option('--host <host>', 'address to listen on', 'localhost')
    .option('--port <port>', 'port to listen on', '8474')
    .option('--config <file>', 'JSON file with the proxies to create')
    .option('--seed <n>', 'seed of what is random')
    .option('--proxy-metrics', 'count bytes, shown under /metrics')
    .option('--runtime-metrics', 'count what the process uses, shown under /metrics')
    .option('--version', 'show the version')
  add('target', 'the embedded reference server, standalone', async (given) =>
    (await import('./commands/target.ts')).targetCommand(given),
  )
    .option('--mutant <name>', 'with this one rule broken')
    .option('--list-mutants', 'the names of all mutants, and what each does wrong')
    .addOption(
      new Option('--variant <name>', 'echo: answers; pushing: greets and pushes, never echoes').choices([
        'echo',
        'pushing',
      ]),
    )
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port of ws: and http:; a free one unless told')
    .option('--tls-port <port>', 'port of wss: and https:; a free one unless told')
    .option('--json', 'print the addresses as one line of JSON')
  return program
}

const doctorAlso: ReadonlySet<OptionName> = new Set(['proxy', 'timeoutScale', 'color', 'ascii'])

function addOptions(command: Command, names: readonly OptionName[]): void {
  for (const name of names) {
    const { value, help, repeatable, group } = optionSpec(name)
    const made = new Option(value === null ? flagOf(name) : `${flagOf(name)} <${value}>`, help).helpGroup(
      `${group}:`,
    )
    if (repeatable === true)
      made.argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text])
    command.addOption(made)
  }
  command.addOption(
    new Option(
      '--config <file>',
      'config file; else streamproof.config with .js, .mjs, .json or .ts, here or above',
    ).helpGroup('Run:'),
  )
}

/** As Go reads a truth value. */
const booleans: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'True', 'TRUE'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'False', 'FALSE'].map((text) => [text, false] as const),
])

/**
 * `proxy` is a drop-in for toxiproxy-server, whose flags have one dash or two, and those without a value may be told it:
 * `-proxy-metrics=true`.
 */
function goStyle(argv: readonly string[]): readonly string[] {
  if (argv[0] !== 'proxy') return argv
  return argv.flatMap((word, index) => {
    const [, name, value] = /^--?([a-z][a-z-]+)(?:=(.*))?$/.exec(word) ?? []
    if (index === 0 || name === undefined) return [word]
    const wanted = /^(proxy-metrics|runtime-metrics|version)$/.test(name)
      ? booleans.get(value ?? 'true')
      : undefined
    if (wanted === undefined) return [value === undefined ? `--${name}` : `--${name}=${value}`]
    return wanted ? [`--${name}`] : []
  })
}
