// Starts the worker from its TypeScript source. On Node 20 a worker takes no loader from `execArgv`, so the loader is
// registered here, first. Not part of the build: there the worker is plain JavaScript.
import { register } from 'tsx/esm/api'

register()
await import('./worker.ts')
