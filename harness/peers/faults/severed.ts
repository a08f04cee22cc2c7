/**
 * An exchange ended early because a fault severed its connection. Peers throw it instead of a Violation, since the target
 * is not to blame; `underFault` catches it once the fault is proven. No check receives it.
 */
export class Severed extends Error {
  readonly code = 'SEVERED'
  override readonly name = 'Severed'
}
