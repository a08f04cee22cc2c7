import { Violation } from '#model/errors'
import type { FaultRecord } from '#model/model'
import type { ResumeOutcome, StreamEvent } from '#peers/kit'

/** When an event was sent, as seen from the client. */
export type Phase = 'before' | 'gap' | 'race' | 'after'

const sent: Readonly<Record<Phase, string>> = {
  before: 'sent before the client lost its connection',
  gap: 'sent while the client was disconnected',
  // Whether an event was sent during or after the reconnect is a matter of milliseconds: the text must not depend on it.
  race: 'sent during or after the reconnect',
  after: 'sent during or after the reconnect',
}

/** The client's last reconnect. */
export interface Reconnection {
  /** Attempts up to the accepted one: 1 if it was accepted at once. */
  readonly attempts: number
  /** From the accepted attempt to the head of its response. */
  readonly ms: number
  readonly limitMs: number
  /** When the accepted attempt began, by `performance.now()`. */
  readonly startedAt: number
}

/** What the witness and the client received in a scenario. */
export interface ResumeRecord {
  /** The scenario's events as the witness received them, up to the end marker. */
  readonly witness: readonly StreamEvent[]
  /** Index of the first of them that the client had to receive. */
  readonly firstDue: number
  /** Number of the witness's events when each phase ended, in order. */
  readonly phases: readonly (readonly [phase: Phase, witnessed: number])[]
  /** What the client received of them: one list for each of its connections. */
  readonly connections: readonly (readonly StreamEvent[])[]
  /** The same, with the events of other publishers. */
  readonly everything: readonly (readonly StreamEvent[])[]
  /** The Last-Event-ID of the last reconnect. */
  readonly cursor: string
  readonly faults: readonly FaultRecord[]
  readonly reconnection: Reconnection
}

/** By what an event is recognised on another connection: its id, or its type and data. Null: it cannot be. */
export type Identity = 'id' | 'content' | null

const contentOf = (event: StreamEvent): string => `${event.type}\0${event.data}`

/** By id if the connections receive the same event with the same id, else by content if no content repeats. */
export function identityOf(witness: readonly StreamEvent[], others: readonly StreamEvent[]): Identity {
  const ids = new Map(witness.filter(({ id }) => id !== null && id !== '').map((event) => [event.id, event]))
  const sameId = others.flatMap((event) => {
    const original = ids.get(event.id)
    return original === undefined ? [] : [contentOf(original) === contentOf(event)]
  })
  const sameContent = sameId.filter(Boolean).length
  const withId = witness.filter(({ id }) => id !== null && id !== '').length
  if (sameContent > 0 && sameContent * 2 > sameId.length && ids.size === withId) return 'id'
  return new Set(witness.map(contentOf)).size === witness.length ? 'content' : null
}

const keyOf = (event: StreamEvent, identity: Identity): string =>
  identity === 'id' && event.id !== null && event.id !== '' ? `#${event.id}` : contentOf(event)

/** True if the client has received every event that it had to. */
export function isComplete(record: ResumeRecord, identity: Identity): boolean {
  return firstLost(record, identity) === -1
}

/** Index of the witness's first event that the client had to receive and did not; -1 if there is none. */
function firstLost({ witness, firstDue, connections }: ResumeRecord, identity: Identity): number {
  const received = new Set(connections.flat().map((event) => keyOf(event, identity)))
  return witness.findIndex((event, index) => index >= firstDue && !received.has(keyOf(event, identity)))
}

/** Judges what the client received by what the witness received. The texts are the same in every run. */
export function compareWithWitness(record: ResumeRecord, identity: 'id' | 'content'): ResumeOutcome {
  const { witness, phases, connections, reconnection } = record
  const client = connections.flat()
  const indexes = new Map(witness.map((event, index) => [keyOf(event, identity), index]))
  const received = client
    .map((event) => indexes.get(keyOf(event, identity)))
    .filter((index) => index !== undefined)
  const whenSent = (index: number): string =>
    `an event ${sent[phases.find(([, until]) => index < until)?.[0] ?? 'after']}`
  const repeated = (): string | null => {
    const index = received.find((one, at) => received.indexOf(one) < at)
    return index === undefined ? null : whenSent(index)
  }
  return {
    witness,
    client,
    cursor: record.cursor,
    faults: record.faults,
    expectNothingLost() {
      const lost = firstLost(record, identity)
      if (lost === -1) return
      throw new Violation(
        'the client to receive every event that the witness received',
        `lost: ${whenSent(lost)}`,
      )
    },
    expectNothingTwice() {
      const event = repeatedCursor(record, identity) ?? repeated() ?? repeatedOfOthers(record, identity)
      if (event !== null) throw new Violation('the client to receive no event twice', `twice: ${event}`)
    },
    expectOrder() {
      const firsts = received.filter((index, at) => received.indexOf(index) === at)
      if (firsts.every((index, at) => at === 0 || index > (firsts[at - 1] ?? -1))) return
      throw new Violation(
        'the client to receive the events in the order of the witness',
        'it received them in another order',
      )
    },
    expectUnaltered() {
      for (const event of client) {
        const original = witness[indexes.get(keyOf(event, identity)) ?? -1]
        if (original === undefined || contentOf(original) === contentOf(event)) continue
        const difference = original.type === event.type ? 'other data' : 'another type'
        throw new Violation(
          'the client to receive events with the type and data that the witness received',
          `an event with the same id but ${difference}`,
        )
      }
    },
    expectPromptReconnect() {
      const expected = 'the first attempt to reconnect to be accepted within the time limit'
      if (reconnection.attempts > 1) throw new Violation(expected, 'the first attempt was refused')
      if (reconnection.ms > reconnection.limitMs) throw new Violation(expected, 'it was accepted later')
    },
  }
}

/** A replay that begins with the event whose id the client sent: it has that event already. */
function repeatedCursor({ cursor, everything }: ResumeRecord, identity: Identity): string | null {
  if (identity !== 'id' || cursor === '') return null
  const before = everything.slice(0, -1).flat()
  const again = everything.at(-1)?.[0]?.id === cursor && before.some(({ id }) => id === cursor)
  return again ? 'the event that Last-Event-ID named' : null
}

/** Only an id shows that an event of another publisher arrived twice. */
function repeatedOfOthers({ everything }: ResumeRecord, identity: Identity): string | null {
  if (identity !== 'id') return null
  const ids = everything.flat().flatMap(({ id }) => (id === null || id === '' ? [] : [id]))
  return new Set(ids).size < ids.length ? 'an event of another publisher' : null
}
