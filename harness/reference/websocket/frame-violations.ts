import { opcodes } from './frames.ts'
import type { FrameHeader } from './frames.ts'
import type { FrameViolation, WebSocketRules } from './rules.ts'
import { utf8Error } from './utf8.ts'

/** Largest message in bytes: as received, and after inflating it. */
export const messageLimit = 16 * 1024 * 1024

/** Largest number of frames in one message. */
const fragmentLimit = 65_536

/** State of the connection when a frame header arrives. */
export interface ReceiveState {
  /** The message whose last frame has not arrived: its bytes and frames so far. */
  readonly open: { readonly length: number; readonly frames: number } | null
  /** Whether a message has been completed on this connection. */
  readonly finished: boolean
  /** Whether permessage-deflate was negotiated. */
  readonly deflate: boolean
}

const controlNames: Readonly<Record<number, 'close' | 'ping' | 'pong'>> = {
  [opcodes.close]: 'close',
  [opcodes.ping]: 'ping',
  [opcodes.pong]: 'pong',
}

/** Every rule that a frame header breaks in this state (RFC 6455 5.1 to 5.5, RFC 7692 6). */
export function headerViolations(header: FrameHeader, state: ReceiveState): FrameViolation[] {
  const violations: FrameViolation[] = []
  const { opcode, rsv, fin, length } = header
  const control = opcode >= 8
  if (header.mask === null) {
    if (control) violations.push('unmasked-control')
    else if (opcode === opcodes.continuation) violations.push('unmasked-continuation')
    else violations.push(length === 0n ? 'unmasked-empty' : 'unmasked')
  }
  if (control && rsv !== 0)
    violations.push(rsv === 4 && state.deflate ? 'compressed-control' : 'rsv-on-control')
  if (!control) {
    if ((rsv & 4) !== 0 && !state.deflate) violations.push('rsv1')
    else if ((rsv & 4) !== 0 && opcode === opcodes.continuation) violations.push('compressed-continuation')
    if ((rsv & 2) !== 0) violations.push('rsv2')
    if ((rsv & 1) !== 0) violations.push('rsv3')
  }
  const name = controlNames[opcode]
  if (name !== undefined) {
    if (!fin) violations.push(`${name}-fragmented`)
    if (length > 125n) violations.push(`${name}-long`)
  } else if (opcode > opcodes.binary) {
    violations.push(state.open !== null ? 'opcode-in-fragment' : control ? 'opcode-control' : 'opcode-data')
  } else if (opcode === opcodes.continuation && state.open === null) {
    if (state.finished) violations.push('continuation-after-message')
    else violations.push(fin ? 'continuation-alone' : 'continuation-alone-unfinished')
  } else if (opcode !== opcodes.continuation && state.open !== null) {
    violations.push(opcode === opcodes.text ? 'interleaved-text' : 'interleaved-binary')
  }
  if (length >= 2n ** 63n) violations.push('length-msb')
  else if (length + BigInt(state.open?.length ?? 0) > BigInt(messageLimit)) violations.push('too-big')
  if ((state.open?.frames ?? 0) >= fragmentLimit) violations.push('too-big')
  return violations
}

/** The violation that an over-strict mutant reports for a valid frame header, or null. */
export function overStrictViolation(
  header: FrameHeader,
  deflate: boolean,
  { rejects }: WebSocketRules,
): FrameViolation | null {
  if (rejects.includes('mask-key-ones') && header.mask?.every((byte) => byte === 255) === true)
    return 'unmasked'
  if (rejects.includes('mask-key-zero') && header.mask?.every((byte) => byte === 0) === true)
    return 'unmasked'
  const fragment = header.opcode === opcodes.continuation || (header.opcode < 8 && !header.fin)
  if (rejects.includes('empty-fragment') && fragment && header.length === 0n) return 'continuation-alone'
  const startsMessage = header.opcode === opcodes.text || header.opcode === opcodes.binary
  const uncompressed = startsMessage && header.rsv === 0 && deflate
  return rejects.includes('uncompressed-message') && uncompressed ? 'rsv1' : null
}

/** The rule that the body of a Close frame breaks (RFC 6455 5.5.1 and 7.4), or null. */
export function closeViolation(body: Buffer): FrameViolation | null {
  if (body.length === 0) return null
  if (body.length === 1) return 'close-one-byte'
  const code = body.readUInt16BE(0)
  if (code === 1005 || code === 1006 || code === 1015) return 'close-code-reserved'
  const defined = (code >= 1000 && code <= 1014 && code !== 1004) || (code >= 3000 && code <= 4999)
  if (!defined) return 'close-code-undefined'
  return utf8Error(body.subarray(2)) === null ? null : 'close-reason-utf8'
}

/** Whether an over-strict mutant rejects the valid body of a Close frame. */
export function rejectsValidClose(body: Buffer, { rejects, rejectsCloseCodes }: WebSocketRules): boolean {
  if (body.length === 0) return rejects.includes('close-empty')
  return (
    (body.length >= 2 && rejectsCloseCodes.includes(body.readUInt16BE(0))) ||
    (rejects.includes('close-long-reason') && body.length > 100)
  )
}

/** The status code of RFC 6455 7.4.1 that reports a violation. */
export function closeCodeFor(violation: FrameViolation): number {
  if (violation === 'too-big') return 1009
  if (violation.startsWith('utf8-') || violation === 'close-reason-utf8' || violation === 'deflate-corrupt')
    return 1007
  return 1002
}
