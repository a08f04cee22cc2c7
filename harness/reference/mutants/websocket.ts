import type { Mutant } from '#reference/mutant'
import { closingMutants } from './websocket-closing.ts'
import { connectionMutants } from './websocket-connections.ts'
import { deflateMutants } from './websocket-deflate.ts'
import { frameMutants } from './websocket-frames.ts'
import { handshakeMutants } from './websocket-handshake.ts'
import { negotiationMutants } from './websocket-negotiation.ts'
import { textMutants } from './websocket-text.ts'

/** The WebSocket service of the reference, each time with one rule broken. */
export const webSocketMutants: readonly Mutant[] = [
  ...handshakeMutants,
  ...negotiationMutants,
  ...frameMutants,
  ...textMutants,
  ...closingMutants,
  ...deflateMutants,
  ...connectionMutants,
].map((entry) => ({ ...entry, protocol: 'websocket' }))
