import type { Mutant } from '#reference/mutant'
import { closingMutants } from './websocket-closing.ts'
import { crowdMutants } from './websocket-crowd.ts'
import { deflateMutants } from './websocket-deflate.ts'
import { frameMutants } from './websocket-frames.ts'
import { handshakeMutants } from './websocket-handshake.ts'

/** The reference's WebSocket, each with one rule broken. */
export const webSocketMutants: readonly Mutant[] = [
  ...handshakeMutants,
  ...frameMutants,
  ...closingMutants,
  ...deflateMutants,
  ...crowdMutants,
].map((one) => ({ ...one, protocol: 'websocket' }))
