import { isUtf8 } from 'node:buffer'
import { check, filled, hex } from '#peers/kit'
import type { FrameToSend, Section } from '#peers/kit'

export const section: Section = {
  protocol: 'websocket',
  order: 70000,
  title: 'RFC 6455 7: bad Close frames, failing the connection',
}

const close = { spec: 'RFC6455', section: '5.5.1' } as const
const failing = { spec: 'RFC6455', section: '7.1.7' } as const
const codes = { spec: 'RFC6455', section: '7.4.1' } as const
const ranges = { spec: 'RFC6455', section: '7.4.2' } as const
const topic = 'protocol'

// --- Close frames that are bad ----------------------------------------------------------------------------------------

// Any end passes for a failed connection, and a Close is ended in any case. So that these can be told from a good
// Close, the code of the answer is asked for, which is a SHOULD (7.1.7).

export const oneOctet = check({
  id: 'ws/closing/one-octet',
  title: 'takes a Close with a body of one octet for a protocol error',
  level: 'SHOULD',
  clause: close,
  topic,
  mutants: ['accept-close-of-one-octet'],
  autobahn: '7.3.2',
  async run({ connect }) {
    const ws = await connect()
    ws.send(closeFrame('03'))
    await ws.expectFailedWith(1002)
  },
})

export const reasonNotUtf8 = check({
  id: 'ws/closing/reason-not-utf8',
  title: 'takes a Close whose reason is not UTF-8 for an error',
  level: 'SHOULD',
  clause: close,
  topic,
  mutants: ['accept-bad-close-reason'],
  autobahn: '7.5.1',
  async run({ connect }) {
    const ws = await connect()
    ws.send(closeFrame('03e8 c0af'))
    await ws.expectFailedWith(1007, 1002)
  },
})

export const tooLong = check({
  id: 'ws/closing/over-125',
  title: 'takes a Close with a body of 126 octets for a protocol error',
  level: 'SHOULD',
  clause: { spec: 'RFC6455', section: '5.5' },
  topic,
  mutants: ['accept-long-close'],
  autobahn: '7.3.6',
  async run({ connect }) {
    const ws = await connect()
    ws.sendClose(1000, filled(124))
    await ws.expectFailedWith(1002)
  },
})

const undefinedCodes = [
  { code: 999, autobahn: '7.9.2' },
  { code: 1004, autobahn: '7.9.3' },
  { code: 1016, autobahn: '7.9.6' },
  { code: 5000, autobahn: '7.13.1' },
]

export const undefinedCode = undefinedCodes.map(({ code, autobahn }) =>
  check({
    id: `ws/closing/code-${code}-refused`,
    title: `takes a Close with the code ${code}, which nobody may use, for a protocol error`,
    level: 'SHOULD',
    clause: ranges,
    topic,
    mutants: ['accept-undefined-close-codes'],
    autobahn,
    async run({ connect }) {
      const ws = await connect()
      ws.sendClose(code)
      await ws.expectFailedWith(1002)
    },
  }),
)

const reservedCodes = [
  { code: 1005, autobahn: '7.9.4' },
  { code: 1006, autobahn: '7.9.5' },
  { code: 1015, autobahn: null },
]

export const reservedCode = reservedCodes.map(({ code, autobahn }) =>
  check({
    id: `ws/closing/code-${code}-not-sent`,
    title: `does not send the code ${code}, which must not stand in a Close frame, not even in answer to one`,
    level: 'MUST',
    clause: codes,
    topic,
    mutants: ['echo-reserved-close-codes'],
    ...(autobahn === null ? {} : { autobahn }),
    async run({ connect, expect }) {
      const ws = await connect()
      ws.sendClose(code)
      const ending = await ws.expectFailed()
      expect(ending.code !== code, `no Close with the code ${code}`, codeWords(ending.code))
    },
  }),
)

export const emptyNotAs1005 = check({
  id: 'ws/closing/empty-not-as-1005',
  title: 'does not put a code that stands for none into its answer to a Close without a code',
  level: 'MUST',
  clause: codes,
  topic,
  after: ['ws/closing/answered'],
  mutants: ['answer-empty-close-with-1005'],
  async run({ connect, expect }) {
    const ws = await connect()
    ws.sendClose()
    const { code } = await ws.expectClose()
    expect(
      code === null || ![1005, 1006, 1015].includes(code),
      'a code that may be sent, or none',
      codeWords(code),
    )
  },
})

export const reasonSent = check({
  id: 'ws/closing/reason-sent-is-utf8',
  title: 'sends no Close frame whose body breaks the rules, not even in answer to one',
  level: 'MUST',
  clause: close,
  topic,
  mutants: ['echo-bad-close-reason'],
  async run({ connect, expect }) {
    const ws = await connect()
    ws.send(closeFrame('03e8 c0af'))
    await ws.expectFailed()
    const bodies = ws.frames.filter(({ opcode }) => opcode === 8).map(({ payload }) => payload)
    const valid = bodies.every((body) => body.length !== 1 && isUtf8(body.subarray(2)))
    expect(valid, 'Close frames with a good body', 'a reason that is not UTF-8, or half a code')
  },
})

// --- Failing the connection -------------------------------------------------------------------------------------------

const reserved: FrameToSend = { opcode: 0x3, payload: 'reserved' }

export const nothingProcessed = check({
  id: 'ws/closing/failed-processes-nothing',
  title: 'processes nothing behind the frame that failed the connection',
  level: 'MUST',
  clause: failing,
  topic,
  after: ['ws/framing/opcode-3'],
  mutants: ['process-on-after-failure'],
  autobahn: '4.1.3',
  async run({ connect, nonce }) {
    const ws = await connect()
    ws.send([reserved, { opcode: 'ping', payload: nonce() }])
    await ws.expectFailed()
  },
})

export const failureEnds = check({
  id: 'ws/closing/failed-ends-tcp',
  title: 'ends the TCP connection when it fails the WebSocket',
  level: 'MUST',
  clause: failing,
  topic,
  after: ['ws/framing/opcode-3'],
  mutants: ['stay-open-after-failure'],
  async run({ connect }) {
    const ws = await connect()
    ws.send(reserved)
    await ws.expectEnd()
  },
})

export const failureSaysWhy = check({
  id: 'ws/closing/failed-with-close-frame',
  title: 'sends a Close frame before it ends a connection that it fails',
  level: 'SHOULD',
  clause: failing,
  topic,
  after: ['ws/framing/opcode-3'],
  mutants: ['fail-without-close-frame'],
  async run({ connect, expect }) {
    const ws = await connect()
    ws.send(reserved)
    const { how } = await ws.expectFailed()
    expect(how === 'close-frame', 'a Close frame', 'the connection ended without one')
  },
})

interface ProtocolError {
  readonly name: string
  readonly what: string
  readonly frame: FrameToSend
  /** The check that such a frame fails the connection at all. */
  readonly base: string
}

const protocolErrors: readonly ProtocolError[] = [
  { name: 'opcode', what: 'a reserved opcode', frame: reserved, base: 'ws/framing/opcode-3' },
  {
    name: 'rsv',
    what: 'a reserved bit',
    frame: { opcode: 'text', payload: 'reserved', rsv: 2 },
    base: 'ws/framing/rsv2-text',
  },
  {
    name: 'long-ping',
    what: 'a Ping of 126 octets',
    frame: { opcode: 'ping', payload: filled(126) },
    base: 'ws/control/ping-over-125',
  },
  {
    name: 'continuation',
    what: 'a continuation of nothing',
    frame: { opcode: 'continuation', payload: 'alone' },
    base: 'ws/fragmentation/continuation-alone',
  },
]

export const protocolErrorCode = protocolErrors.map(({ name, what, frame, base }) =>
  check({
    id: `ws/closing/code-1002-${name}`,
    title: `calls ${what} a protocol error: 1002`,
    level: 'SHOULD',
    clause: codes,
    topic,
    after: [base],
    mutants: ['protocol-error-as-1001'],
    async run({ connect }) {
      const ws = await connect()
      ws.send(frame)
      await ws.expectFailedWith(1002)
    },
  }),
)

function closeFrame(body: string): FrameToSend {
  return { opcode: 'close', payload: hex(body) }
}

function codeWords(code: number | null): string {
  return code === null ? 'a Close without a code' : `a Close with the code ${code}`
}
