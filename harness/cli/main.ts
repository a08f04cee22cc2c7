#!/usr/bin/env node
import { main, reportError } from './program.ts'
import { Terminal } from './output/terminal.ts'

const terminal = new Terminal()

/** After the command is done, sockets and timers that are still open may delay the exit by this time, in ms. */
const lingerMs = 3000

// During a run another listener assigns each of these errors to the check that caused it.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    if (process.listenerCount(event) === 1) process.exit(reportError(error, terminal))
  })
}

process.exitCode = await main(process.argv.slice(2), terminal, {
  env: process.env,
  folder: process.cwd(),
})
setTimeout(() => process.exit(), lingerMs).unref()
