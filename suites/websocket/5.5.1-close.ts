import { check, filled, hex } from '#peers/kit'
import type { FrameToSend, Section } from '#peers/kit'

export const section: Section = { protocol: 'websocket', order: 50501, title: 'RFC 6455 5.5.1: closing' }

const close = { spec: 'RFC6455', section: '5.5.1' } as const
const codes = { spec: 'RFC6455', section: '7.4.1' } as const
const ranges = { spec: 'RFC6455', section: '7.4.2' } as const
const registered = { spec: 'RFC6455', section: '11.7' } as const
const topic = 'protocol'

/** Codes that report the Close frame as an error. */
const errors: readonly (number | null)[] = [1002, 1003, 1007]

// --- The closing handshake ------------------------------------------------------------------------------------------

export const answered = check({
  id: 'ws/closing/answered',
  title: 'answers a Close frame with a Close frame',
  level: 'MUST',
  clause: close,
  topic,
  mutants: ['no-close-answer'],
  autobahn: '7.1.1',
  async run({ connect }) {
    const ws = await connect()
    ws.sendClose(1000)
    await ws.expectClose()
  },
})

export const tcpEnded = check({
  id: 'ws/closing/tcp-ended',
  title: 'closes the TCP connection after both sides have sent Close',
  level: 'MUST',
  clause: close,
  topic,
  mutants: ['keep-tcp-open'],
  async run({ connect }) {
    const ws = await connect()
    ws.sendClose(1000)
    await ws.expectEnd()
  },
})

export const tcpEndedCleanly = check({
  id: 'ws/closing/tcp-ended-cleanly',
  title: 'closes the TCP connection with a FIN after the closing handshake',
  level: 'SHOULD',
  clause: { spec: 'RFC6455', section: '7.1.1' },
  topic,
  after: ['ws/closing/tcp-ended'],
  mutants: ['reset-after-close'],
  async run({ connect, expect }) {
    const ws = await connect()
    ws.sendClose(1000)
    const { how } = await ws.expectEnd()
    expect(how !== 'rst', 'a FIN', 'a RST')
  },
})

const echoedCodes = [
  { code: 1000, title: 'echoes the status code 1000 of a Close frame' },
  { code: 3000, title: 'echoes the status code 3000 of a Close frame' },
  { code: 4999, title: 'echoes the status code 4999 of a Close frame' },
]

export const codeEchoed = echoedCodes.map(({ code, title }) =>
  check({
    id: `ws/closing/code-${code}-echoed`,
    title,
    // SHOULD: the RFC says "typically echos", which is weaker than a MUST.
    level: 'SHOULD',
    clause: close,
    topic,
    after: ['ws/closing/answered'],
    mutants: ['answer-close-with-1001'],
    async run({ connect, expect }) {
      const ws = await connect()
      ws.sendClose(code)
      const answer = await ws.expectClose()
      expect(answer.code === code, `a Close frame with code ${code}`, describeClose(answer.code))
    },
  }),
)

export const noDataAfterClose = check({
  id: 'ws/closing/no-data-after-close',
  title: 'sends no data frame after its Close frame',
  level: 'MUST',
  clause: close,
  topic,
  after: ['ws/closing/tcp-ended'],
  mutants: ['message-after-close'],
  async run({ connect, expect }) {
    const ws = await connect()
    ws.sendClose(1000)
    await ws.expectEnd()
    const first = ws.frames.findIndex(({ opcode }) => opcode === 8)
    const dataAfterClose = first === -1 ? [] : ws.frames.slice(first).filter(({ opcode }) => opcode <= 2)
    expect(dataAfterClose.length === 0, 'no data frame after the Close frame', 'a data frame')
  },
})

export const onlyOne = check({
  id: 'ws/closing/only-one',
  title: 'sends only one Close frame',
  // SHOULD: 5.5.1 forbids data frames after a Close; 7.1.2 and 1.4 merely describe that a Close is sent once.
  level: 'SHOULD',
  clause: close,
  topic,
  after: ['ws/closing/tcp-ended'],
  mutants: ['answer-every-close'],
  autobahn: '7.1.2',
  async run({ connect, expect }) {
    const ws = await connect()
    ws.send([closeFrame('03e8'), closeFrame('03e8')])
    await ws.expectEnd()
    const count = ws.frames.filter(({ opcode }) => opcode === 8).length
    expect(count <= 1, 'one Close frame', `${count} Close frames`)
  },
})

export const dataDiscarded = check({
  id: 'ws/closing/data-after-close-discarded',
  title: 'discards a message that follows a Close frame',
  // SHOULD: only the overview (1.4) says that data after a Close is discarded.
  level: 'SHOULD',
  clause: { spec: 'RFC6455', section: '1.4' },
  topic,
  needs: ['ws.echo'],
  after: ['ws/closing/tcp-ended'],
  mutants: ['process-messages-after-close'],
  autobahn: '7.1.4',
  async run({ connect, expect, nonce }) {
    const ws = await connect()
    const late = nonce()
    ws.send([closeFrame('03e8'), { opcode: 'text', payload: late }])
    await ws.expectEnd()
    expect(!ws.messages.some(({ text }) => text === late), 'no echo of the message', 'an echo of the message')
  },
})

export const insideFragments = check({
  id: 'ws/closing/inside-fragments',
  title: 'answers a Close frame inside a fragmented message',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '5.4' },
  topic,
  after: ['ws/closing/answered'],
  mutants: ['ignore-close-in-fragment'],
  autobahn: '7.1.5',
  async run({ connect }) {
    const ws = await connect()
    ws.send([{ opcode: 'text', payload: 'begun', fin: false }, closeFrame('03e8')])
    await ws.expectClose()
  },
})

export const finWithoutClose = check({
  id: 'ws/closing/fin-without-close',
  title: 'closes its side when the client closes TCP without a Close frame',
  // SHOULD: 7.1.4 calls the WebSocket connection closed then, and does not say what a server does with its side.
  level: 'SHOULD',
  clause: { spec: 'RFC6455', section: '7.1.4' },
  topic,
  mutants: ['ignore-fin'],
  async run({ connect }) {
    const ws = await connect()
    ws.finish()
    await ws.expectEnd()
  },
})

// --- Valid Close frames -----------------------------------------------------------------------------------------------

export const empty = check({
  id: 'ws/closing/empty',
  title: 'accepts a Close frame without a body',
  level: 'MUST',
  clause: close,
  topic,
  after: ['ws/closing/answered'],
  mutants: ['refuse-empty-close'],
  autobahn: '7.3.1',
  async run({ connect, expect }) {
    const ws = await connect()
    ws.sendClose()
    const { code } = await ws.expectClose()
    expect(!errors.includes(code), 'a Close frame whose code reports no error', describeClose(code))
  },
})

export const longestReason = check({
  id: 'ws/closing/longest-reason',
  title: 'accepts a Close frame with a 123-byte reason',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '5.5' },
  topic,
  after: ['ws/closing/answered'],
  mutants: ['refuse-long-reason'],
  autobahn: '7.3.5',
  async run({ connect, expect }) {
    const ws = await connect()
    ws.sendClose(1000, filled(123))
    const { code } = await ws.expectClose()
    expect(!errors.includes(code), 'a Close frame whose code reports no error', describeClose(code))
  },
})

const validCodes = [
  {
    code: 1001,
    title: 'accepts a Close frame with code 1001',
    level: 'MUST',
    clause: codes,
    autobahn: '7.7.2',
  },
  {
    code: 1011,
    title: 'accepts a Close frame with code 1011',
    level: 'MUST',
    clause: codes,
    autobahn: '7.7.9',
  },
  {
    code: 3000,
    title: 'accepts a Close frame with code 3000',
    level: 'MUST',
    clause: ranges,
    autobahn: '7.7.10',
  },
  {
    code: 4999,
    title: 'accepts a Close frame with code 4999',
    level: 'MUST',
    clause: ranges,
    autobahn: '7.7.13',
  },
  // SHOULD: these three codes were registered after the RFC was published.
  { code: 1012, title: 'accepts a Close frame with code 1012', level: 'SHOULD', clause: registered },
  { code: 1013, title: 'accepts a Close frame with code 1013', level: 'SHOULD', clause: registered },
  { code: 1014, title: 'accepts a Close frame with code 1014', level: 'SHOULD', clause: registered },
] as const

export const accepted = validCodes.map(({ code: sent, ...declared }) =>
  check({
    ...declared,
    id: `ws/closing/code-${sent}-accepted`,
    topic,
    after: ['ws/closing/answered'],
    mutants: [`refuse-close-${sent}`],
    async run({ connect, expect }) {
      const ws = await connect()
      ws.sendClose(sent)
      const { code } = await ws.expectClose()
      expect(!errors.includes(code), 'a Close frame whose code reports no error', describeClose(code))
    },
  }),
)

function closeFrame(body: string): FrameToSend {
  return { opcode: 'close', payload: hex(body) }
}

function describeClose(code: number | null): string {
  return code === null ? 'a Close frame without a code' : `a Close frame with code ${code}`
}
