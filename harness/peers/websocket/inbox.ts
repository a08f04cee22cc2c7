import { FrameDecoder, opcodeName, opcodes, readCloseBody } from '#wire/websocket/frames'
import type { DecodedFrame } from '#wire/websocket/frames'
import type { Inflater } from '#wire/websocket/deflate'
import { decodeUtf8 } from '#wire/utf8'
import type { SessionContext } from '#peers/session/context'
import type { ReceivedFrame, ReceivedMessage } from '#peers/kit'

/** Bytes accepted on one connection; later ones are dropped. */
const ceiling = 64 * 1024 * 1024

interface TargetClose {
  readonly code: number | null
  readonly reason: Uint8Array
  /** Number of frames, and of messages, received before it. */
  readonly framesBefore: number
  readonly messagesBefore: number
}

/** The frames received on a WebSocket, and the messages that a lenient reader assembles from them. */
export class Inbox {
  readonly frames: ReceivedFrame[] = []
  readonly messages: ReceivedMessage[] = []
  /** The target's first Close frame. */
  close: TargetClose | null = null
  /** Why decoding stopped, or null; the same text for the same cause. */
  stopped: string | null = null
  /** Payloads are left out of the transcript: the contract's opening exchange may hold credentials. */
  hidesPayloads = false
  readonly #context: SessionContext
  readonly #inflater: Inflater | null
  readonly #decoder = new FrameDecoder()
  readonly #onFrame: (frame: ReceivedFrame) => void
  #total = 0
  #recordedBytes = 0
  #parts: Uint8Array[] = []
  #first: DecodedFrame | null = null

  /** `inflater`: null if permessage-deflate was not negotiated. */
  constructor(context: SessionContext, inflater: Inflater | null, onFrame: (frame: ReceivedFrame) => void) {
    this.#context = context
    this.#inflater = inflater
    this.#onFrame = onFrame
  }

  push(bytes: Uint8Array): void {
    if (this.stopped !== null) return
    this.#total += bytes.length
    if (this.#total > ceiling) {
      this.#stop('the target sent more than 64 MiB')
      return
    }
    const { frames, oversize } = this.#decoder.push(bytes)
    for (const frame of frames) this.#add(frame)
    if (oversize !== null) {
      this.#context.transcript.add(
        'target',
        'frame',
        `${opcodeName(oversize.opcode)} that declares more than 16 MiB`,
        oversize.raw,
      )
      this.#stop('the target declared a frame of more than 16 MiB')
    }
  }

  /** Bytes of an incomplete frame were received. */
  get hasIncompleteFrame(): boolean {
    return this.stopped === null && this.#decoder.pending > 0
  }

  /** Nothing more is expected: an incomplete frame is added to the transcript, once. */
  end(): void {
    const { pending } = this.#decoder
    if (pending > 0 && pending !== this.#recordedBytes) {
      this.#recordedBytes = pending
      this.#context.transcript.add(
        'target',
        'bytes',
        `${pending} bytes of an incomplete frame`,
        this.hidesPayloads ? undefined : this.#decoder.peek(128),
      )
    }
  }

  #stop(why: string): void {
    this.stopped = why
    this.#parts = []
    this.#context.transcript.add('harness', 'note', why)
  }

  #add(frame: DecodedFrame): void {
    const { opcode, fin, rsv, masked, lengthBits, payload, raw } = frame
    const received: ReceivedFrame = { opcode, fin, rsv, masked, lengthBits, payload, ms: this.#context.now() }
    this.#context.transcript.add('target', 'frame', frameNote(received), this.hidesPayloads ? undefined : raw)
    if (opcode === opcodes.close && this.close === null) {
      const counts = { framesBefore: this.frames.length, messagesBefore: this.messages.length }
      this.close = { ...readCloseBody(payload), ...counts }
    }
    this.frames.push(received)
    if (opcode <= opcodes.binary) this.#assemble(frame, received.ms)
    this.#onFrame(received)
  }

  /** An unexpected continuation frame makes no message; a check finds it in `frames`. */
  #assemble(frame: DecodedFrame, ms: number): void {
    if (frame.opcode !== opcodes.continuation) {
      this.#first = frame
      this.#parts = []
    }
    if (this.#first === null) return
    this.#parts.push(frame.payload)
    if (!frame.fin) return
    const compressed = this.#inflater !== null && (this.#first.rsv & 4) !== 0
    const whole = this.#parts.length === 1 ? frame.payload : Uint8Array.from(Buffer.concat(this.#parts))
    const payload = compressed ? (this.#inflater?.inflate(whole) ?? whole) : whole
    const type = this.#first.opcode === opcodes.text ? 'text' : 'binary'
    this.messages.push({
      type,
      payload,
      text: decodeUtf8(payload),
      frames: this.#parts.length,
      compressed,
      ms,
    })
    this.#first = null
    this.#parts = []
  }
}

/** `TEXT, 5 bytes, not final, RSV 4, masked`. */
export function frameNote(
  frame: Pick<ReceivedFrame, 'opcode' | 'fin' | 'rsv' | 'masked' | 'payload'>,
): string {
  const { code } = readCloseBody(frame.payload)
  const oddities = [
    frame.fin ? '' : ', not final',
    frame.rsv === 0 ? '' : `, RSV ${frame.rsv}`,
    frame.opcode === opcodes.close && code !== null ? `, code ${code}` : '',
  ]
  const { length } = frame.payload
  return `${opcodeName(frame.opcode)}, ${length} ${length === 1 ? 'byte' : 'bytes'}${oddities.join('')}`
}
