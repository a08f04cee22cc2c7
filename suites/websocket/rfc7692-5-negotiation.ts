import { check } from '#peers/kit'
import type { HandshakeChanges, HttpHead, Level, Section } from '#peers/kit'

export const section: Section = {
  protocol: 'websocket',
  order: 769_205,
  title: 'RFC 7692 5 and 7.1: negotiating compression',
}

const topic = 'protocol'
const header = 'Sec-WebSocket-Extensions'
const name = 'permessage-deflate'

// --- Offers that must be declined -------------------------------------------------------------------------------------

interface Declined {
  readonly id: string
  readonly title: string
  readonly parameters: string
  readonly mutants: readonly string[]
}

const declinable: readonly Declined[] = [
  {
    id: 'unknown-parameter',
    title: 'declines an offer with an undefined parameter',
    parameters: 'streamproof=1',
    mutants: ['deflate-accept-unknown-parameter'],
  },
  {
    id: 'repeated-parameter',
    title: 'declines an offer with a repeated parameter',
    parameters: 'server_no_context_takeover; server_no_context_takeover',
    mutants: ['deflate-accept-repeated-parameter'],
  },
  {
    id: 'window-of-16',
    title: 'declines an offer with a window of 16 bits',
    parameters: 'server_max_window_bits=16',
    mutants: ['deflate-accept-invalid-value'],
  },
  {
    id: 'window-of-7',
    title: 'declines an offer with a window of 7 bits',
    parameters: 'client_max_window_bits=7',
    mutants: ['deflate-accept-invalid-value'],
  },
  {
    id: 'window-without-value',
    title: 'declines an offer of server_max_window_bits without a value',
    parameters: 'server_max_window_bits',
    mutants: ['deflate-accept-invalid-value'],
  },
  {
    id: 'takeover-with-value',
    title: 'declines an offer of server_no_context_takeover with a value',
    parameters: 'server_no_context_takeover=1',
    mutants: ['deflate-accept-unexpected-value'],
  },
]

export const declined = declinable.map(({ id, title, parameters, mutants }) =>
  check({
    id: `ws/deflate/declines-${id}`,
    title,
    level: 'MUST',
    clause: { spec: 'RFC7692', section: '7' },
    topic,
    needs: ['ws.deflate'],
    mutants,
    async run({ handshake, expect }) {
      const { head, ending } = await handshake(offer(`${name}; ${parameters}`))
      expect(head !== null || ending !== null, 'an HTTP response', 'no response')
      const accepted = head?.status === 101 && elements(head).length > 0
      expect(!accepted, 'the offer declined, or the handshake rejected', 'the offer was accepted')
    },
  }),
)

// --- The response -----------------------------------------------------------------------------------------------------

interface Answered {
  readonly id: string
  readonly title: string
  readonly section: string
  readonly level?: Level
  readonly offer: string
  /** Whether the parameters of the accepted extension are as required. */
  readonly holds: (parameters: readonly string[]) => boolean
  readonly expected: string
  readonly mutants: readonly string[]
}

const bitsOf = (parameters: readonly string[], key: string): number | null => {
  const value = parameters.find((parameter) => parameter.startsWith(`${key}=`))?.slice(key.length + 1)
  return value === undefined ? null : Number(value.replaceAll('"', ''))
}
const within = (bits: number | null, most: number): boolean => bits !== null && bits >= 8 && bits <= most
const has = (parameters: readonly string[], key: string): boolean =>
  parameters.some((parameter) => parameter === key || parameter.startsWith(`${key}=`))
const definedParameter =
  /^((server|client)_no_context_takeover|(server|client)_max_window_bits="?([89]|1[0-5])"?)$/

const answers: readonly Answered[] = [
  {
    id: 'server-takeover-answered',
    title: 'includes an accepted server_no_context_takeover in its response',
    section: '7.1.1.1',
    offer: 'server_no_context_takeover',
    holds: (parameters) => has(parameters, 'server_no_context_takeover'),
    expected: 'server_no_context_takeover in the response',
    mutants: ['deflate-omit-no-takeover'],
  },
  {
    id: 'server-window-answered',
    title: 'includes an accepted server_max_window_bits in its response',
    section: '7.1.2.1',
    offer: 'server_max_window_bits=10',
    holds: (parameters) => has(parameters, 'server_max_window_bits'),
    expected: 'server_max_window_bits in the response',
    mutants: ['deflate-omit-window'],
  },
  {
    id: 'server-window-within',
    title: 'answers with a server window no larger than the one offered',
    section: '7.1.2.1',
    offer: 'server_max_window_bits=10',
    holds: (parameters) =>
      !has(parameters, 'server_max_window_bits') || within(bitsOf(parameters, 'server_max_window_bits'), 10),
    expected: 'server_max_window_bits from 8 to 10',
    mutants: ['deflate-larger-window'],
  },
  {
    id: 'client-window-without-offer',
    title: 'sends client_max_window_bits only if the client offered it',
    section: '7.1.2.2',
    offer: '',
    holds: (parameters) => !has(parameters, 'client_max_window_bits'),
    expected: 'no client_max_window_bits in the response',
    mutants: ['deflate-client-window-without-offer'],
  },
  {
    id: 'client-window-within',
    title: 'answers with a client window no larger than the one offered',
    section: '7.1.2.2',
    offer: 'client_max_window_bits=10',
    holds: (parameters) =>
      !has(parameters, 'client_max_window_bits') || within(bitsOf(parameters, 'client_max_window_bits'), 10),
    expected: 'client_max_window_bits from 8 to 10, or none',
    mutants: ['deflate-larger-client-window'],
  },
  {
    id: 'client-window-has-value',
    title: 'gives client_max_window_bits a value in its response',
    section: '7.1.2.2',
    offer: 'client_max_window_bits',
    holds: (parameters) => !parameters.includes('client_max_window_bits'),
    expected: 'client_max_window_bits with a value, or none',
    mutants: ['deflate-client-window-without-value'],
  },
  {
    id: 'answer-known',
    title: 'answers only with defined parameters, each once and valid',
    section: '7.1',
    offer: 'client_max_window_bits; server_no_context_takeover',
    holds: (parameters) =>
      parameters.every((parameter) => definedParameter.test(parameter)) &&
      new Set(parameters.map((parameter) => parameter.split('=')[0])).size === parameters.length,
    expected: 'defined parameters only, each once and with a valid value',
    mutants: ['deflate-answer-unknown-parameter'],
  },
]

export const answered = answers.map(
  ({ id, title, section, level = 'MUST', offer: asked, holds, expected, mutants }) =>
    check({
      id: `ws/deflate/${id}`,
      title,
      level,
      clause: { spec: 'RFC7692', section },
      topic,
      needs: ['ws.deflate'],
      mutants,
      async run({ handshake, expect }) {
        const { head } = await handshake(offer(asked === '' ? name : `${name}; ${asked}`))
        expect(head !== null, 'an HTTP response', 'no response')
        const [element] = head?.status === 101 ? elements(head) : []
        // The server may decline the offer or reject the handshake: then nothing was negotiated, and nothing can be wrong.
        expect(element === undefined || holds(parametersOf(element)), expected, element ?? '')
      },
    }),
)

export const onlyOne = check({
  id: 'ws/deflate/one-of-two',
  title: 'accepts at most one of two permessage-deflate offers',
  level: 'MUST',
  clause: { spec: 'RFC7692', section: '5.1' },
  topic,
  needs: ['ws.deflate'],
  mutants: ['deflate-accept-twice'],
  async run({ handshake, expect }) {
    const answer = await handshake(offer(`${name}; server_no_context_takeover, ${name}`))
    const { response } = await answer.expectAccepted()
    expect(
      elements(response).length <= 1,
      'permessage-deflate at most once',
      'permessage-deflate more than once',
    )
  },
})

export const unwantedWindow = check({
  id: 'ws/deflate/window-declined-not-refused',
  title: 'declines an unacceptable window instead of rejecting the handshake',
  // SHOULD: a server declines an offer by leaving the extension out, but it may reject a handshake for any reason.
  level: 'SHOULD',
  clause: { spec: 'RFC7692', section: '7.1.2.1' },
  topic,
  needs: ['ws.deflate'],
  mutants: ['deflate-refuse-small-window'],
  async run({ handshake }) {
    const answer = await handshake(offer(`${name}; server_max_window_bits=8`))
    await answer.expectAccepted()
  },
})

export const validAfterInvalid = check({
  id: 'ws/deflate/good-offer-after-bad',
  title: 'accepts a valid offer that follows one that it must decline',
  level: 'SHOULD',
  clause: { spec: 'RFC7692', section: '5.1' },
  topic,
  needs: ['ws.deflate'],
  mutants: ['deflate-first-offer-only'],
  async run({ handshake, expect }) {
    const { response } = await (await handshake(offer(`${name}; streamproof=1, ${name}`))).expectAccepted()
    expect(elements(response).length > 0, 'permessage-deflate accepted', 'permessage-deflate declined')
  },
})

function offer(value: string): HandshakeChanges {
  return { with: [[header, value]] }
}

/** The permessage-deflate elements of Sec-WebSocket-Extensions in the response. */
function elements(head: HttpHead): readonly string[] {
  return head.list(header).filter((element) => element.split(';')[0]?.trim() === name)
}

function parametersOf(element: string): string[] {
  return element
    .split(';')
    .slice(1)
    .map((parameter) => parameter.trim().replaceAll(/\s*=\s*/g, '='))
}
