import { bandwidth } from './bandwidth.ts'
import { latency } from './latency.ts'
import { limitData } from './limit-data.ts'
import { noop } from './noop.ts'
import { resetPeer } from './reset-peer.ts'
import { slicer } from './slicer.ts'
import { slowClose } from './slow-close.ts'
import { timeout } from './timeout.ts'
import type { ToxicType } from './toxic.ts'

const all: readonly ToxicType[] = [latency, bandwidth, slowClose, timeout, resetPeer, slicer, limitData, noop]

/** Every kind of toxic that the engine knows, by the name that the API uses. */
export const toxicTypes: ReadonlyMap<string, ToxicType> = new Map(all.map((one) => [one.type, one]))
