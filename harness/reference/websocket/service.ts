import type { Rules } from '#reference/rules'

/** One WebSocket endpoint of the reference server. */
export interface WebSocketService {
  readonly rules: Rules
  /** `echo` returns every message with its type; `pushing` sends a greeting, then a message every 50 ms, and never echoes. */
  readonly variant: 'echo' | 'pushing'
  readonly allowedOrigin: string
  readonly deniedOrigin: string
}
