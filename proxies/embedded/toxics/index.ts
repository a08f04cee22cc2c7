import { bandwidth } from './bandwidth.ts'
import { closeAfter } from './close-after.ts'
import { corrupt } from './corrupt.ts'
import { latency } from './latency.ts'
import { limitData } from './limit-data.ts'
import { noop } from './noop.ts'
import { resetPeer } from './reset-peer.ts'
import { sharedBandwidth } from './shared-bandwidth.ts'
import { slicer } from './slicer.ts'
import { slowClose } from './slow-close.ts'
import { stall } from './stall.ts'
import { timeout } from './timeout.ts'
import type { ToxicType } from './toxic.ts'

/** Those of Toxiproxy 2.12.0, and those that it does not have. */
const standard: readonly ToxicType[] = [
  latency,
  bandwidth,
  slowClose,
  timeout,
  resetPeer,
  slicer,
  limitData,
  noop,
]
const further: readonly ToxicType[] = [closeAfter, corrupt, stall, sharedBandwidth]

/** Every kind of toxic that the engine knows, by the name that the API uses. */
export const toxicTypes: ReadonlyMap<string, ToxicType> = new Map(
  [...standard, ...further].map((one) => [one.type, one]),
)
