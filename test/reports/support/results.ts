import { clauseUrl } from '#model/clause'
import type { Clause, Topic, Verdict } from '#model/model'
import type { Result } from '#model/result'

/** Results for reports: passed checks of every topic, checks of every other verdict, and failures in detail. */

const prefixes = { ws: 'websocket', sse: 'sse', both: null } as const

/** A passed check, with `overrides`. */
export function result(id: string, clause: Clause, topic: Topic, overrides: Partial<Result> = {}): Result {
  const prefix = id.split('/')[0] as keyof typeof prefixes
  return {
    id,
    target: prefix === 'both' ? null : prefix === 'ws' ? 0 : 1,
    title: `meets the requirement of ${id.split('/').slice(1).join(' ').replaceAll('-', ' ')}`,
    protocol: prefixes[prefix],
    role: 'server',
    topic,
    level: 'MUST',
    clause: { ...clause, url: clauseUrl(clause) },
    verdict: 'pass',
    attempts: { total: 1, failed: 0 },
    cause: null,
    reason: null,
    enable: null,
    expected: null,
    actual: null,
    close: null,
    faults: [],
    measured: {},
    transcript: [{ ms: 0.4, from: 'harness', kind: 'open', note: 'connected', hex: null }],
    durationMs: 12.5,
    reproduce: `streamproof run --ws wss://chat.example/live --sse https://chat.example/events --seed 4711 --only ${id}`,
    autobahn: null,
    ...overrides,
  }
}

const areas: readonly (readonly [
  area: string,
  spec: Clause['spec'],
  section: string,
  topic: Topic,
  count: number,
])[] = [
  ['ws/handshake', 'RFC6455', '4.2.1', 'protocol', 9],
  ['ws/response', 'RFC6455', '4.2.2', 'protocol', 6],
  ['ws/framing', 'RFC6455', '5.2', 'protocol', 11],
  ['ws/masking', 'RFC6455', '5.1', 'protocol', 3],
  ['ws/fragments', 'RFC6455', '5.4', 'protocol', 8],
  ['ws/control', 'RFC6455', '5.5.2', 'protocol', 7],
  ['ws/closing', 'RFC6455', '7.1.7', 'protocol', 5],
  ['ws/codes', 'RFC6455', '7.4.1', 'protocol', 9],
  ['ws/utf8', 'RFC6455', '8.1', 'protocol', 8],
  ['ws/deflate', 'RFC7692', '7.1.1.1', 'protocol', 5],
  ['ws/connect', 'RFC9110', '7.8', 'connection', 3],
  ['ws/clients', 'STREAMPROOF', 'client-ws', 'compatibility', 2],
  ['ws/reconnect', 'STREAMPROOF', 'prompt-reconnect', 'reconnection', 4],
  ['ws/origin', 'RFC6455', '10.2', 'security', 3],
  ['ws/sizes', 'EXPECTATIONS', 'EXP-LIM-2', 'limitations', 4],
  ['ws/many', 'EXPECTATIONS', 'EXP-SCA-1', 'scalability', 2],
  ['sse/response', 'HTML', 'sse-processing-model', 'protocol', 6],
  ['sse/grammar', 'HTML', 'parsing-an-event-stream', 'protocol', 9],
  ['sse/meaning', 'HTML', 'event-stream-interpretation', 'protocol', 7],
  ['sse/notes', 'HTML', 'authoring-notes', 'protocol', 2],
  ['sse/open', 'RFC9110', '9.3.1', 'connection', 3],
  ['sse/resume', 'HTML', 'the-last-event-id-header', 'reconnection', 9],
  ['sse/cors', 'FETCH', 'http-cors-protocol', 'security', 4],
  ['sse/text', 'EXPECTATIONS', 'EXP-LIM-1', 'limitations', 3],
  ['sse/many', 'EXPECTATIONS', 'EXP-SCA-3', 'scalability', 2],
  ['both/figures', 'EXPECTATIONS', 'EXP-PER-2', 'performance', 4],
]

/** Passed checks of every topic. */
export function passedResults(): Result[] {
  return areas.flatMap(([area, spec, section, topic, count]) =>
    Array.from({ length: count }, (_, index) =>
      result(`${area}/rule-${index + 1}`, { spec, section }, topic),
    ),
  )
}

const verdictOf: Readonly<Record<string, Verdict>> = {
  'ws/deflate/rule-1': 'not-applicable',
  'ws/deflate/rule-2': 'not-applicable',
  'ws/origin/rule-2': 'not-applicable',
  'ws/codes/rule-3': 'warn',
  'ws/codes/rule-4': 'notice',
  'ws/reconnect/rule-4': 'inconclusive',
  'sse/resume/rule-3': 'blocked',
  'sse/grammar/rule-9': 'harness-error',
}

const overridesOf: Readonly<Partial<Record<Verdict, Partial<Result>>>> = {
  'not-applicable': {
    reason: 'needs ws.deflate: permessage-deflate was offered and is missing from the response',
    enable: 'a target that accepts permessage-deflate (ws.deflate)',
  },
  blocked: { cause: 'sse/resume/rule-2', reason: 'the prerequisite sse/resume/rule-2 did not pass' },
  inconclusive: { reason: 'fault-not-proven: bytes arrived after the cut' },
  'harness-error': { reason: "TypeError: cannot read properties of undefined (reading 'id')" },
  warn: {
    level: 'SHOULD',
    expected: 'close code 1007 for text that is not UTF-8',
    actual: 'close code 1002',
    close: { by: 'target', how: 'close-frame', code: 1002 },
  },
  notice: { level: 'MAY', expected: 'a reason in the Close frame', actual: 'none' },
}

/** Passed checks, and some of every verdict except `fail`. */
export function mixedResults(): Result[] {
  return passedResults().map((passed) => {
    const verdict = verdictOf[passed.id]
    if (verdict === undefined) return passed
    const overrides = passed.id.startsWith('ws/origin')
      ? {
          reason: 'needs ws.denied-origin: no origin to refuse was given',
          enable: '--denied-origin ORIGIN',
        }
      : overridesOf[verdict]
    return { ...passed, ...overrides, verdict }
  })
}

/** Failures with faults, figures and transcripts; one of them is flaky. */
export function failedResults(): Result[] {
  return [
    result('ws/control/ping-over-125', { spec: 'RFC6455', section: '5.5' }, 'protocol', {
      title: 'fails the connection on a Ping with a 126-byte payload',
      verdict: 'fail',
      expected: 'the target to end the connection',
      actual: 'a Pong with the 126 bytes, and the connection stayed open',
      close: { by: 'harness', how: 'close-frame', code: 1000 },
      autobahn: '2.5',
      transcript: [
        { ms: 0, from: 'harness', kind: 'open', note: 'TCP connected', hex: null },
        {
          ms: 0.4,
          from: 'harness',
          kind: 'head',
          note: 'GET /live HTTP/1.1',
          hex: '474554202f6c69766520485454502f312e310d0a',
        },
        {
          ms: 2.1,
          from: 'target',
          kind: 'head',
          note: 'HTTP/1.1 101 Switching Protocols',
          hex: '485454502f312e312031303120..',
        },
        {
          ms: 2.6,
          from: 'harness',
          kind: 'frame',
          note: 'PING, 126 bytes, masked',
          hex: `89fe007e37fa213d${'5e0f'.repeat(63)}`,
        },
        {
          ms: 4.9,
          from: 'target',
          kind: 'frame',
          note: 'PONG, 126 bytes',
          hex: `8a7e007e${'0102'.repeat(63)}`,
        },
        { ms: 5.0, from: 'harness', kind: 'frame', note: 'CLOSE 1000', hex: '888237fa213d3412' },
        { ms: 6.2, from: 'target', kind: 'end', note: 'FIN', hex: null },
      ],
    }),
    result(
      'sse/resume/cut-inside-event',
      { spec: 'HTML', section: 'the-last-event-id-header' },
      'reconnection',
      {
        title: 'repeats an event that a cut left incomplete, and no complete event',
        verdict: 'fail',
        attempts: { total: 3, failed: 2 },
        expected: 'the events of the witness after the last dispatched one, each once, in order',
        actual: 'the second event after the cut is missing; the following events are in order',
        close: { by: 'proxy', how: 'fin', code: null },
        faults: [
          {
            name: 'cut-after',
            direction: 'server-to-client',
            settings: { bytes: 412 },
            proof: 'the stream ended inside an event that the witness received whole',
            log: [
              {
                connection: 2,
                hit: { toxic: 'limit_data', direction: 'server-to-client', byte: 0, ms: 1.2 },
                ending: { by: 'proxy', how: 'fin' },
                durationMs: 31.4,
                clientToServerBytes: 180,
                serverToClientBytes: 412,
              },
              {
                connection: 3,
                hit: null,
                ending: null,
                durationMs: 8,
                clientToServerBytes: 0,
                serverToClientBytes: 0,
              },
            ],
          },
          {
            name: 'latency',
            direction: 'both',
            settings: { ms: 40, jitter: 5 },
            proof: 'the control through the same proxy was slower by at least the latency',
          },
        ],
        measured: { reconnectMs: 83.25, lost: 1, duplicated: 0, lastEventId: '17' },
        transcript: Array.from({ length: 70 }, (_, index) => ({
          ms: index * 3.1,
          from: (['harness', 'target', 'proxy'] as const)[index % 3] ?? 'harness',
          kind: 'event' as const,
          note: index === 40 ? 'connection cut after 412 bytes' : `event ${index}, id ${index + 4}`,
          hex: index % 4 === 0 ? '69643a2031370a646174613a20' : null,
        })),
      },
    ),
    result('ws/origin/denied', { spec: 'OWASP', section: 'origin' }, 'security', {
      verdict: 'fail',
      expected: '403 for an Origin that is not allowed',
      actual: `101 Switching Protocols ${'and a very long tail '.repeat(60)}`,
    }),
  ]
}
