// `tsc` keeps the output of deleted files, and the loader would then load their checks.
import { rmSync } from 'node:fs'

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true })
