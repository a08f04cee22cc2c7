import type { Rules } from './rules.ts'

/** The reference server with exactly one rule broken. */
export interface Mutant {
  /** Kebab-case: what the server does wrong. */
  readonly name: string
  readonly protocol: 'websocket' | 'sse' | 'both'
  /** What it does wrong, in one sentence. */
  readonly breaks: string
  /** The clause that it breaks: `RFC6455/5.1`. */
  readonly clause: string
  readonly rules: Partial<Rules>
}
