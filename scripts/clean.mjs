// `tsc` leaves the output of deleted files behind, and a glob would then load dead checks.
import { rmSync } from 'node:fs'

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true })
