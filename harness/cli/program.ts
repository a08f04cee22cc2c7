import { Command, CommanderError, Option } from 'commander'
import { keepDetails } from './output/details.ts'
import { exitCodeOf, exitCodes, isExpected } from './process/exit.ts'
import { flagOf, optionsOf } from './config/options.ts'
import type { OptionGroup, OptionSpec, OptionTable } from './config/options.ts'
import { streamproof } from './product.ts'
import type { Product } from './product.ts'
import type { Terminal } from './output/terminal.ts'
import type { CommandHandler } from './config/invocation.ts'
import { version } from '#run/version'

/** What a command line needs to know of the process. */
export interface ProcessContext {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The working folder. */
  readonly folder: string
  /** What the commands work on; by default Streamproof's own protocols and checks. */
  readonly product?: Product
}

/** Runs one command line and resolves with its exit status. Never throws, never exits. */
export async function main(
  argv: readonly string[],
  terminal: Terminal,
  context: ProcessContext,
): Promise<number> {
  let status: number = exitCodes.ok
  const program = describe(terminal, context, (code) => {
    status = code
  })
  try {
    await program.parseAsync([...withGoFlags(argv)], { from: 'user' })
    return status
  } catch (error) {
    if (error instanceof CommanderError) return usageStatus(error, terminal)
    return reportError(error, terminal)
  }
}

/** Prints one line for an error that ended a command, and returns its exit status. */
export function reportError(error: unknown, terminal: Terminal): number {
  if (isExpected(error)) terminal.diagnose(error.message)
  else {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    terminal.diagnose(`harness error: ${text} (${keepDetails(error, terminal)})`)
  }
  return exitCodeOf(error)
}

function usageStatus(error: CommanderError, terminal: Terminal): number {
  // The user asked for help or the version.
  if (error.exitCode === 0) return exitCodes.ok
  const line = error.message
    .replace(/^error: /, '')
    .replaceAll(/\s*\(Did you mean (.*?)\?\)/g, '; did you mean $1?')
    .replace(/\. Expected (\d+) arguments? but got (\d+)\.$/, ': expected $1, got $2')
  if (error.code !== 'commander.help') terminal.diagnose(`${line}; see --help`)
  return exitCodes.usage
}

function describe(terminal: Terminal, context: ProcessContext, done: (status: number) => void): Command {
  const program = new Command('streamproof')
    .description(
      'Tests WebSocket and Server-Sent Events servers for protocol conformance and under network faults.',
    )
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .exitOverride()
    .enablePositionalOptions()
    .configureOutput({
      getOutHelpWidth: () => terminal.width,
      getErrHelpWidth: () => terminal.width,
      writeOut: (text) => terminal.print(text),
      // Only help after a missing command is written here: usage errors are printed as one line by `usageStatus`.
      writeErr: (text) => terminal.printHelp(text),
      outputError: () => undefined,
    })
    // Help keeps its two columns on narrow terminals: a line that the terminal breaks is harder to read.
    .configureHelp({ minWidthToWrap: 15 })
    .showSuggestionAfterError(true)
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  streamproof run wss://example.com/chat',
        '  streamproof run https://example.com/events --quiet',
        '  streamproof explain ws/control/ping-over-125',
        '',
        'Options of a command: streamproof COMMAND --help',
      ].join('\n'),
    )

  const product = context.product ?? streamproof
  const options = optionsOf(product.protocols)
  const urls = urlsHelp(product.protocols)
  const add = (name: string, description: string, handler: CommandHandler): Command => {
    const command = program.command(name).description(description).helpOption('-h, --help', 'print help')
    command.allowExcessArguments(false)
    command.action(async () => {
      const { env, folder } = context
      const flags = command.opts()
      done(await handler({ positional: command.args, flags, env, folder, terminal, product }))
    })
    return command
  }

  addRun(add, options, urls)
  addList(add, options)
  add(
    'explain',
    'show what a check requires, and on which deliberately broken servers it fails',
    async (invocation) => (await import('./commands/explain.ts')).explainCommand(invocation),
  ).argument('<id>', 'id of the check, as `streamproof list` prints it')
  addDoctor(add, options, urls)
  addConfig(add, options, urls)
  addProxy(add)
  addTarget(add)
  return program
}

type Add = (name: string, description: string, handler: CommandHandler) => Command

/** `WebSocket server (ws: or wss:) or event stream (http: or https:); at most one of each`. */
function urlsHelp(protocols: Product['protocols']): string {
  const servers = protocols.map(
    ({ serverTitle, schemes: { plain, secure } }) => `${serverTitle} (${plain} or ${secure})`,
  )
  return `${servers.join(' or ')}; at most one of each`
}

function addRun(add: Add, options: OptionTable, urls: string): void {
  const run = add(
    'run',
    'test a server and write reports; without a URL, test the reference server that comes with Streamproof',
    async (invocation) => (await import('./commands/run.ts')).runCommand(invocation),
  ).argument('[urls...]', urls)
  addOptions(run, options)
}

function addList(add: Add, options: OptionTable): void {
  const list = add('list', 'list the checks, by section of the standards', async (invocation) =>
    (await import('./commands/list.ts')).listCommand(invocation),
  )
  addOptions(list, chosen(options, ['Selection']))
  list.option('--json', 'print JSON, with the metadata of each check')
}

function addDoctor(add: Add, options: OptionTable, urls: string): void {
  const doctor = add(
    'doctor',
    'check that this machine, the fault-injecting proxy and a server are ready for a run',
    async (invocation) => (await import('./commands/doctor.ts')).doctorCommand(invocation),
  ).argument('[urls...]', urls)
  addOptions(doctor, chosen(options, ['Target', 'Fault injection'], ['timeoutScale']))
}

function addConfig(add: Add, options: OptionTable, urls: string): void {
  const config = add(
    'config',
    'print every option, its value and where the value comes from',
    async (invocation) => (await import('./commands/config.ts')).configCommand(invocation),
  ).argument('[urls...]', urls)
  config.option('--print', 'print the options, with credentials masked (required)')
  addOptions(config, options)
}

function addProxy(add: Add): void {
  add(
    'proxy',
    'start the embedded fault-injecting proxy alone; it has the HTTP API and the flags of Toxiproxy',
    async (invocation) => (await import('./commands/proxy.ts')).proxyCommand(invocation),
  )
    .addOption(withDefault('--host <host>', 'address on which the API listens', 'localhost'))
    .addOption(withDefault('--port <port>', 'port on which the API listens', '8474'))
    .option('--config <file>', 'JSON file with the proxies to create')
    .option('--seed <n>', 'seed of random values, such as the jitter of latency')
    .option('--proxy-metrics', 'serve the number of proxied bytes under /metrics')
    .option('--runtime-metrics', 'serve the memory and CPU use of this process under /metrics')
    .option('--version', 'print the version')
}

function addTarget(add: Add): void {
  add('target', 'start the reference server alone; it passes every check', async (invocation) =>
    (await import('./commands/target.ts')).targetCommand(invocation),
  )
    .option('--mutant <name>', 'break one rule of a standard, to see which checks fail')
    .option('--list-mutants', 'print the name of each mutant and the rule that it breaks')
    .addOption(
      new Option(
        '--variant <name>',
        'echo: sends each message back (default); pushing: sends its own messages, and never echoes',
      ).choices(['echo', 'pushing']),
    )
    .addOption(withDefault('--host <host>', 'address on which the server listens', '127.0.0.1'))
    .option('--port <port>', 'port for ws: and http: (default: a free port)')
    .option('--tls-port <port>', 'port for wss: and https: (default: a free port)')
    .option('--json', 'print the URLs as one line of JSON')
}

/** An option whose help shows the default without quotes, as the help of `run` does. */
function withDefault(flags: string, help: string, value: string): Option {
  return new Option(flags, help).default(value, value)
}

/** The options of these groups, and others by name, in the order of help. */
function chosen(
  options: OptionTable,
  groups: readonly OptionGroup[],
  names: readonly string[] = [],
): OptionTable {
  return new Map<string, OptionSpec<unknown>>(
    [...options].filter(([name, { group }]) => groups.includes(group) || names.includes(name)),
  )
}

function addOptions(command: Command, options: OptionTable): void {
  for (const [name, { value, help, repeatable, group }] of options) {
    const flags = value === null ? flagOf(name) : `${flagOf(name)} <${value}>`
    const option = new Option(flags, repeatable === true ? `${help} (repeatable)` : help)
    option.helpGroup(`${group}:`)
    if (repeatable === true)
      option.argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text])
    command.addOption(option)
  }
  command.addOption(
    new Option(
      '--config <file>',
      'config file (default: streamproof.config.js, .mjs, .json or .ts in this folder or the nearest one above)',
    ).helpGroup('Configuration:'),
  )
}

/** The spellings of a boolean that Go accepts. */
const goBooleans: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'True', 'TRUE'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'False', 'FALSE'].map((text) => [text, false] as const),
])

/**
 * `proxy` accepts the flags of toxiproxy-server as Go parses them: with one dash or two, and switches also with a value,
 * such as `-proxy-metrics=true`.
 */
function withGoFlags(argv: readonly string[]): readonly string[] {
  if (argv[0] !== 'proxy') return argv
  return argv.flatMap((word, index) => {
    const [, name, value] = /^--?([a-z][a-z-]+)(?:=(.*))?$/.exec(word) ?? []
    if (index === 0 || name === undefined) return [word]
    const isOn = /^(proxy-metrics|runtime-metrics|version)$/.test(name)
      ? goBooleans.get(value ?? 'true')
      : undefined
    if (isOn === undefined) return [value === undefined ? `--${name}` : `--${name}=${value}`]
    return isOn ? [`--${name}`] : []
  })
}
