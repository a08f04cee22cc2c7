import type { Mutant } from '../mutant.ts'

/** The reference's WebSocket, each with one rule broken. */
export const webSocketMutants: readonly Mutant[] = [
  {
    name: 'accept-unmasked',
    transport: 'websocket',
    breaks: 'Frames that are not masked are processed.',
    clause: 'RFC6455/5.1',
    rules: { tolerates: ['unmasked', 'unmasked-empty', 'unmasked-control', 'unmasked-continuation'] },
  },
]
