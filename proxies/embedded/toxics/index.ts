import { bandwidth } from '#proxies/embedded/toxics/standard/bandwidth'
import { closeAfter } from '#proxies/embedded/toxics/additional/close-after'
import { corrupt } from '#proxies/embedded/toxics/additional/corrupt'
import { latency } from '#proxies/embedded/toxics/standard/latency'
import { limitData } from '#proxies/embedded/toxics/standard/limit-data'
import { noop } from '#proxies/embedded/toxics/standard/noop'
import { resetPeer } from '#proxies/embedded/toxics/standard/reset-peer'
import { sharedBandwidth } from '#proxies/embedded/toxics/additional/shared-bandwidth'
import { slicer } from '#proxies/embedded/toxics/standard/slicer'
import { slowClose } from '#proxies/embedded/toxics/standard/slow-close'
import { stall } from '#proxies/embedded/toxics/additional/stall'
import { timeout } from '#proxies/embedded/toxics/standard/timeout'
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
