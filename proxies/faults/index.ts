/**
 * Named faults. Each is proven by what our own socket saw, compared with a connection through the same proxy without the
 * fault. All but `linkDown` are carried out by one standard toxic. No proof requires an idle machine: it requires lower
 * bounds of time and exact counts of bytes, never that something is quick under the fault.
 */
export { blackHole, cutAfter, hangUp, resetPeer } from './ended.ts'
export { jitter, latency, slowClose } from './late.ts'
export { linkDown } from './link-down.ts'
export { slices, throttle } from './slow.ts'
export type { ConnectionTrace, Direction, Fault } from '#proxies/types'
