// Starts the worker from its TypeScript source. On Node 20 a worker ignores loaders in `execArgv`, so the loader is
// registered here first. This file is not part of the build, where the worker is plain JavaScript.
import { register } from 'tsx/esm/api'

register()
await import('./worker.ts')
