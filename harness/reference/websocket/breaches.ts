import { opcodes } from './frames.ts'
import type { FrameHeader } from './frames.ts'
import type { FrameBreach } from './rules.ts'
import { utf8Error } from './utf8.ts'

/** Octets of a message, compressed or not, and as it comes out of the inflater. */
export const messageLimit = 16 * 1024 * 1024

/** Frames of one message. */
export const fragmentLimit = 65_536

/** What a header is judged against. */
export interface Reading {
  /** The message that has begun and not ended: its octets so far, and its frames. */
  readonly open: { readonly length: number; readonly frames: number } | null
  /** A message of several frames has ended before. */
  readonly finished: boolean
  readonly deflate: boolean
}

const controlNames: Readonly<Record<number, 'close' | 'ping' | 'pong'>> = {
  [opcodes.close]: 'close',
  [opcodes.ping]: 'ping',
  [opcodes.pong]: 'pong',
}

/** All that is wrong with a header where it stands (RFC 6455 5.1 to 5.5, RFC 7692 6). */
export function headerBreaches(header: FrameHeader, reading: Reading): FrameBreach[] {
  const breaches: FrameBreach[] = []
  const { opcode, rsv, fin, length } = header
  const control = opcode >= 8
  if (header.mask === null) {
    if (control) breaches.push('unmasked-control')
    else if (opcode === opcodes.continuation) breaches.push('unmasked-continuation')
    else breaches.push(length === 0n ? 'unmasked-empty' : 'unmasked')
  }
  if (control && rsv !== 0)
    breaches.push(rsv === 4 && reading.deflate ? 'compressed-control' : 'rsv-on-control')
  if (!control) {
    if ((rsv & 4) !== 0 && !reading.deflate) breaches.push('rsv1')
    else if ((rsv & 4) !== 0 && opcode === opcodes.continuation) breaches.push('compressed-continuation')
    if ((rsv & 2) !== 0) breaches.push('rsv2')
    if ((rsv & 1) !== 0) breaches.push('rsv3')
  }
  const name = controlNames[opcode]
  if (name !== undefined) {
    if (!fin) breaches.push(`${name}-fragmented`)
    if (length > 125n) breaches.push(`${name}-long`)
  } else if (opcode > opcodes.binary) {
    breaches.push(reading.open !== null ? 'opcode-in-fragment' : control ? 'opcode-control' : 'opcode-data')
  } else if (opcode === opcodes.continuation && reading.open === null) {
    if (reading.finished) breaches.push('continuation-after-message')
    else breaches.push(fin ? 'continuation-alone' : 'continuation-alone-unfinished')
  } else if (opcode !== opcodes.continuation && reading.open !== null) {
    breaches.push(opcode === opcodes.text ? 'interleaved-text' : 'interleaved-binary')
  }
  if (length >= 2n ** 63n) breaches.push('length-msb')
  else if (length + BigInt(reading.open?.length ?? 0) > BigInt(messageLimit)) breaches.push('too-big')
  if ((reading.open?.frames ?? 0) >= fragmentLimit) breaches.push('too-big')
  return breaches
}

/** What is wrong with the body of a Close frame (RFC 6455 5.5.1 and 7.4). */
export function closeBreach(body: Buffer): FrameBreach | null {
  if (body.length === 0) return null
  if (body.length === 1) return 'close-one-byte'
  const code = body.readUInt16BE(0)
  if (code === 1005 || code === 1006 || code === 1015) return 'close-code-reserved'
  const defined = (code >= 1000 && code <= 1014 && code !== 1004) || (code >= 3000 && code <= 4999)
  if (!defined) return 'close-code-undefined'
  return utf8Error(body.subarray(2)) === null ? null : 'close-reason-utf8'
}

/** The fitting code of RFC 6455 7.4.1. */
export function codeFor(breach: FrameBreach): number {
  if (breach === 'too-big') return 1009
  if (breach.startsWith('utf8-') || breach === 'close-reason-utf8' || breach === 'deflate-corrupt')
    return 1007
  return 1002
}
