/**
 * Named faults, each proven by what our own socket saw, against a connection through the same proxy without it. All but
 * one are carried out by one standard toxic. Nothing here relies on the machine being idle: a proof asks for lower
 * bounds of time and exact counts of bytes, never for something to be quick under the fault.
 */
export { blackHole, cutAfter, hangUp, resetPeer } from './ended.ts'
export { jitter, latency, slowClose } from './late.ts'
export { linkDown } from './link-down.ts'
export { slices, throttle } from './slow.ts'
export type { Fault, LinkTrace } from '#proxies/types'
