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

/** The toxics of Toxiproxy 2.12.0. */
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
/** Toxics that Toxiproxy does not have. */
const additional: readonly ToxicType[] = [closeAfter, corrupt, stall, sharedBandwidth]

/** Every kind of toxic, by its name in the API. */
export const toxicTypes: ReadonlyMap<string, ToxicType> = new Map(
  [...standard, ...additional].map((kind) => [kind.type, kind]),
)
