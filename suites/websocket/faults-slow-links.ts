import { check } from '#peers/kit'
import type { Section } from '#peers/kit'
import { latency, slices, throttle } from '#proxies/faults'
import type { Fault } from '#proxies/faults'

export const section: Section = {
  protocol: 'websocket',
  order: 900_000,
  title: 'Connections over slow links',
}

/** Characters of one, two, three and four bytes in UTF-8. */
const text = 'aé€𝄞 '.repeat(40)
const everyByte = Uint8Array.from({ length: 256 }, (_none, index) => index)

const lateOutput = latency({ ms: 200, direction: 'server-to-client' })
const lateInput = latency({ ms: 200, direction: 'client-to-server' })
const narrowOutput = throttle({ bytesPerSecond: 1000, direction: 'server-to-client' })
const narrowInput = throttle({ bytesPerSecond: 1000, direction: 'client-to-server' })
const slicedOutput = slices({ size: 1, delayUs: 1000, direction: 'server-to-client' })
const slicedInput = slices({ size: 1, delayUs: 1000, direction: 'client-to-server' })

/*
 * `drop-on-late-pongs` and `drop-on-slow-frames` take a slow link for a dead or hostile client: they fail a check under
 * the fault only, and tolerate a client that is merely silent. They show that the fault, not the exchange, is tested.
 */

interface SlowLink {
  readonly name: string
  readonly title: string
  readonly fault: Fault
  readonly mutants: readonly string[]
}

const pingLinks: readonly SlowLink[] = [
  {
    name: 'latency-server-to-client',
    title: 'stays responsive when its output is delayed by 200 ms',
    fault: lateOutput,
    mutants: ['shorten-pongs', 'drop-on-late-pongs'],
  },
  {
    name: 'latency-client-to-server',
    title: 'stays responsive when its input is delayed by 200 ms',
    fault: lateInput,
    mutants: ['shorten-pongs', 'drop-on-late-pongs'],
  },
  {
    name: 'throttle-server-to-client',
    title: 'stays responsive when its output is throttled to 1000 bytes/s',
    fault: narrowOutput,
    mutants: ['shorten-pongs', 'drop-on-late-pongs'],
  },
  {
    name: 'throttle-client-to-server',
    title: 'stays responsive when its input is throttled to 1000 bytes/s',
    fault: narrowInput,
    // Not `drop-on-slow-frames`: a Ping is so short that a throttled link delivers half of it at once.
    mutants: ['shorten-pongs'],
  },
  {
    name: 'slices-server-to-client',
    title: 'stays responsive when its output arrives in 1-byte segments',
    fault: slicedOutput,
    mutants: ['shorten-pongs', 'drop-on-late-pongs'],
  },
  {
    name: 'slices-client-to-server',
    title: 'stays responsive when its input arrives in 1-byte segments',
    fault: slicedInput,
    mutants: ['shorten-pongs', 'drop-on-slow-frames'],
  },
]

/** Opens the connection, answers a Ping and completes the closing handshake. */
export const answersPings = pingLinks.map(({ name, title, fault, mutants }) =>
  check({
    id: `ws/faults/answers-under-${name}`,
    title,
    level: 'MUST',
    clause: { spec: 'RFC6455', section: '5.5.2' },
    topic: 'connection',
    mutants,
    expectations: ['EXP-LIM-3'],
    async run({ underFault, connect }) {
      await underFault(fault, async (via) => {
        const ws = await connect({ via })
        await ws.expectPong('p'.repeat(125))
        await ws.close()
      })
    },
  }),
)

const textLinks: readonly SlowLink[] = [
  {
    name: 'latency-server-to-client',
    title: 'echoes UTF-8 text unaltered when its output is delayed by 200 ms',
    fault: lateOutput,
    mutants: ['refuse-four-byte-characters', 'drop-on-late-pongs'],
  },
  {
    name: 'latency-client-to-server',
    title: 'echoes UTF-8 text unaltered when its input is delayed by 200 ms',
    fault: lateInput,
    mutants: ['refuse-four-byte-characters', 'drop-on-late-pongs'],
  },
  {
    name: 'throttle-server-to-client',
    title: 'echoes UTF-8 text unaltered when its output is throttled',
    fault: narrowOutput,
    mutants: ['refuse-four-byte-characters', 'drop-on-late-pongs'],
  },
  {
    name: 'throttle-client-to-server',
    title: 'echoes UTF-8 text unaltered when its input is throttled',
    fault: narrowInput,
    mutants: ['refuse-four-byte-characters', 'drop-on-slow-frames'],
  },
  {
    name: 'slices-server-to-client',
    title: 'echoes UTF-8 text unaltered when its output is in 1-byte segments',
    fault: slicedOutput,
    mutants: ['refuse-four-byte-characters', 'drop-on-late-pongs'],
  },
  {
    name: 'slices-client-to-server',
    title: 'echoes UTF-8 text unaltered when its input is in 1-byte segments',
    fault: slicedInput,
    mutants: ['refuse-four-byte-characters', 'drop-on-slow-frames'],
  },
]

export const carriesText = textLinks.map(({ name, title, fault, mutants }) =>
  check({
    id: `ws/faults/carries-text-under-${name}`,
    title,
    level: 'MUST',
    clause: { spec: 'RFC6455', section: '5.6' },
    topic: 'connection',
    needs: ['ws.echo'],
    after: ['ws/fragmentation/text-in-2', 'ws/utf8/split-character'],
    mutants,
    expectations: ['EXP-LIM-3'],
    async run({ underFault, connect }) {
      await underFault(fault, async (via) => {
        const ws = await connect({ via })
        await ws.expectEcho('text', text)
        await ws.expectEcho('text', text, 3)
      })
    },
  }),
)

const binaryLinks: readonly SlowLink[] = [
  {
    name: 'slices-server-to-client',
    title: 'echoes all 256 byte values when its output is in 1-byte segments',
    fault: slicedOutput,
    mutants: ['check-binary-for-utf8'],
  },
  {
    name: 'slices-client-to-server',
    title: 'echoes all 256 byte values when its input is in 1-byte segments',
    fault: slicedInput,
    mutants: ['check-binary-for-utf8', 'mask-restarts-per-segment'],
  },
]

export const carriesBinary = binaryLinks.map(({ name, title, fault, mutants }) =>
  check({
    id: `ws/faults/carries-binary-under-${name}`,
    title,
    level: 'MUST',
    clause: { spec: 'RFC6455', section: '5.6' },
    topic: 'connection',
    needs: ['ws.echo.binary'],
    after: ['ws/fragmentation/text-in-2'],
    mutants,
    expectations: ['EXP-LIM-2', 'EXP-LIM-3'],
    async run({ underFault, connect }) {
      await underFault(fault, async (via) => {
        const ws = await connect({ via })
        await ws.expectEcho('binary', everyByte)
        await ws.expectEcho('binary', everyByte, 3)
      })
    },
  }),
)
