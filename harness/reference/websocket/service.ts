import type { Rules } from '#reference/rules'

/** What a WebSocket service is made of. */
export interface WebSocketService {
  readonly rules: Rules
  /** `echo` sends messages back with their type; `pushing` greets, pushes every 50 ms, and never echoes. */
  readonly variant: 'echo' | 'pushing'
  readonly allowedOrigin: string
  readonly deniedOrigin: string
}
