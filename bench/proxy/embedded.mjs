// The built embedded engine (from dist) in its own process.
const { startProxyServer } = await import('../../dist/proxies/embedded/standalone.js')
const server = await startProxyServer({
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  seed: 1,
  runtimeMetrics: true,
})
process.stdout.write(`${server.url}\n`)
// A measurement of memory requests garbage collection by this signal; run with --expose-gc.
process.on('SIGUSR2', () => globalThis.gc?.())
