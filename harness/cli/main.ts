#!/usr/bin/env node
import { main, tell } from './program.ts'
import { Terminal } from './output/terminal.ts'

const terminal = new Terminal()

/** Time that sockets and timers left behind get, before the process ends regardless. */
const lingerMs = 3000

// During a run each of these belongs to the check whose scope it was thrown in: whoever listens besides us charges it.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    if (process.listenerCount(event) === 1) process.exit(tell(error, terminal))
  })
}

process.exitCode = await main(process.argv.slice(2), terminal, {
  env: process.env,
  folder: process.cwd(),
})
setTimeout(() => process.exit(), lingerMs).unref()
