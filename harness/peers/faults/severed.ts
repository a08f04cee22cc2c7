/**
 * The exchange could not go on because the link was told to sever it. Internal to the peers: `underFault` swallows
 * it once the fault is proven. No check ever sees it.
 */
export class Severed extends Error {
  readonly code = 'SEVERED'
  override readonly name = 'Severed'
}
