import { isUtf8 } from 'node:buffer'
import { check, filled, hex } from '#peers/kit'
import type { FrameToSend, Section } from '#peers/kit'

export const section: Section = {
  protocol: 'websocket',
  order: 70000,
  title: 'RFC 6455 7: invalid Close frames, failing the connection',
}

const close = { spec: 'RFC6455', section: '5.5.1' } as const
const failing = { spec: 'RFC6455', section: '7.1.7' } as const
const codes = { spec: 'RFC6455', section: '7.4.1' } as const
const ranges = { spec: 'RFC6455', section: '7.4.2' } as const
const topic = 'protocol'

// --- Invalid Close frames ---------------------------------------------------------------------------------------------

// A server closes the connection after a valid Close frame, too, so that its end proves nothing. These checks expect the
// code of an error in the answer, which is a SHOULD (7.1.7).

export const oneByte = check({
  id: 'ws/closing/one-octet',
  title: 'closes with 1002 on a Close frame with a 1-byte body',
  level: 'SHOULD',
  clause: close,
  topic,
  mutants: ['accept-close-of-one-byte'],
  autobahn: '7.3.2',
  async run({ connect }) {
    const ws = await connect()
    ws.send(closeFrame('03'))
    await ws.expectFailedWith(1002)
  },
})

export const reasonNotUtf8 = check({
  id: 'ws/closing/reason-not-utf8',
  title: 'closes with 1007 or 1002 on a Close reason that is not UTF-8',
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
  title: 'closes with 1002 on a Close frame with a 126-byte body',
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
  { code: 999, title: 'closes with 1002 on a Close frame with the undefined code 999', autobahn: '7.9.2' },
  { code: 1004, title: 'closes with 1002 on a Close frame with the undefined code 1004', autobahn: '7.9.3' },
  { code: 1016, title: 'closes with 1002 on a Close frame with the undefined code 1016', autobahn: '7.9.6' },
  { code: 5000, title: 'closes with 1002 on a Close frame with the undefined code 5000', autobahn: '7.13.1' },
]

export const undefinedCode = undefinedCodes.map(({ code, title, autobahn }) =>
  check({
    id: `ws/closing/code-${code}-refused`,
    title,
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
  { code: 1005, title: 'does not send the reserved close code 1005', autobahn: '7.9.4' },
  { code: 1006, title: 'does not send the reserved close code 1006', autobahn: '7.9.5' },
  { code: 1015, title: 'does not send the reserved close code 1015', autobahn: null },
]

export const reservedCode = reservedCodes.map(({ code, title, autobahn }) =>
  check({
    id: `ws/closing/code-${code}-not-sent`,
    title,
    level: 'MUST',
    clause: codes,
    topic,
    mutants: ['echo-reserved-close-codes'],
    ...(autobahn === null ? {} : { autobahn }),
    async run({ connect, expect }) {
      const ws = await connect()
      ws.sendClose(code)
      const ending = await ws.expectFailed()
      expect(ending.code !== code, `no Close frame with code ${code}`, describeClose(ending.code))
    },
  }),
)

export const emptyNotAs1005 = check({
  id: 'ws/closing/empty-not-as-1005',
  title: 'sends no reserved code in answer to a Close without a code',
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
      'a Close frame without a code, or with one that may be sent',
      describeClose(code),
    )
  },
})

export const reasonSent = check({
  id: 'ws/closing/reason-sent-is-utf8',
  title: 'sends no Close frame with an invalid body',
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
    expect(valid, 'Close frames with a valid body', 'a reason that is not UTF-8, or a 1-byte body')
  },
})

// --- Failing the connection -------------------------------------------------------------------------------------------

const reserved: FrameToSend = { opcode: 0x3, payload: 'reserved' }

export const nothingProcessed = check({
  id: 'ws/closing/failed-processes-nothing',
  title: 'processes no frame after the one that fails the connection',
  level: 'MUST',
  clause: failing,
  topic,
  after: ['ws/framing/opcode-3'],
  mutants: ['process-frames-after-failure'],
  autobahn: '4.1.3',
  async run({ connect, nonce }) {
    const ws = await connect()
    ws.send([reserved, { opcode: 'ping', payload: nonce() }])
    await ws.expectFailed()
  },
})

export const failureEnds = check({
  id: 'ws/closing/failed-ends-tcp',
  title: 'closes the TCP connection when it fails the WebSocket connection',
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
  title: 'sends a Close frame when it fails the connection',
  level: 'SHOULD',
  clause: failing,
  topic,
  after: ['ws/framing/opcode-3'],
  mutants: ['fail-without-close-frame'],
  async run({ connect, expect }) {
    const ws = await connect()
    ws.send(reserved)
    const { how } = await ws.expectFailed()
    expect(how === 'close-frame', 'a Close frame', 'the connection closed without one')
  },
})

interface ProtocolError {
  readonly name: string
  readonly title: string
  readonly frame: FrameToSend
  /** Id of the check that such a frame fails the connection at all. */
  readonly prerequisite: string
}

const protocolErrors: readonly ProtocolError[] = [
  {
    name: 'opcode',
    title: 'closes with 1002 on a reserved opcode',
    frame: reserved,
    prerequisite: 'ws/framing/opcode-3',
  },
  {
    name: 'rsv',
    title: 'closes with 1002 on a reserved bit',
    frame: { opcode: 'text', payload: 'reserved', rsv: 2 },
    prerequisite: 'ws/framing/rsv2-text',
  },
  {
    name: 'long-ping',
    title: 'closes with 1002 on a Ping with a 126-byte payload',
    frame: { opcode: 'ping', payload: filled(126) },
    prerequisite: 'ws/control/ping-over-125',
  },
  {
    name: 'continuation',
    title: 'closes with 1002 on a lone continuation frame',
    frame: { opcode: 'continuation', payload: 'alone' },
    prerequisite: 'ws/fragmentation/continuation-alone',
  },
]

export const protocolErrorCode = protocolErrors.map(({ name, title, frame, prerequisite }) =>
  check({
    id: `ws/closing/code-1002-${name}`,
    title,
    level: 'SHOULD',
    clause: codes,
    topic,
    after: [prerequisite],
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

function describeClose(code: number | null): string {
  return code === null ? 'a Close frame without a code' : `a Close frame with code ${code}`
}
