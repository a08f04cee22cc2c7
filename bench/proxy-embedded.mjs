// The embedded engine in a process of its own: from the build where there is one, else from source.
import { existsSync } from 'node:fs'

const built = new URL('../dist/proxies/standalone.js', import.meta.url)
if (!existsSync(built)) (await import('tsx/esm/api')).register()
const { startProxyServer } = await import(
  existsSync(built) ? built.href : new URL('../proxies/standalone.ts', import.meta.url).href
)
const server = await startProxyServer({ host: '127.0.0.1', port: Number(process.argv[2]), seed: 1 })
process.stdout.write(`${server.url}\n`)
// A measurement of memory may ask for a collection first: run with --expose-gc.
process.on('SIGUSR2', () => globalThis.gc?.())
