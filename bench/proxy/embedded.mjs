// The embedded engine in a process of its own, as it is installed: from dist.
const { startProxyServer } = await import('../../dist/proxies/embedded/standalone.js')
const server = await startProxyServer({
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  seed: 1,
  runtimeMetrics: true,
})
process.stdout.write(`${server.url}\n`)
// A measurement of memory may ask for a collection first: run with --expose-gc.
process.on('SIGUSR2', () => globalThis.gc?.())
