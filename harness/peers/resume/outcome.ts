import { Violation } from '#model/errors'
import type { FaultRecord } from '#model/model'
import type { ResumeOutcome, StreamEvent } from '#peers/kit'

/** When an event was sent, as seen from the client. */
export type Phase = 'before' | 'gap' | 'race' | 'after'

const sent: Readonly<Record<Phase, string>> = {
  before: 'sent before the client lost its stream',
  gap: 'sent while the client was away',
  // Which of these two is a matter of milliseconds, and a verdict must not be.
  race: 'sent from the return of the client on',
  after: 'sent from the return of the client on',
}

export interface ResumeRecord {
  /** The outcome's events, as the witness saw them, up to the end marker. */
  readonly witness: readonly StreamEvent[]
  /** Index of the first of them that the client had to get. */
  readonly start: number
  /** Number of the witness's events when each phase ended, in order. */
  readonly phases: readonly (readonly [phase: Phase, until: number])[]
  /** What the client saw of them: one list for each of its connections. */
  readonly connections: readonly (readonly StreamEvent[])[]
  /** The same with what others published meanwhile. */
  readonly everything: readonly (readonly StreamEvent[])[]
  /** The Last-Event-ID that the client came back with last. */
  readonly cursor: string
  readonly faults: readonly FaultRecord[]
  /** The client's last return. */
  readonly comeback: { readonly attempts: number; readonly ms: number; readonly limitMs: number }
}

/** How events of two connections are told to be the same. Null: they cannot be told apart. */
export type Identity = 'id' | 'content' | null

const contentOf = (event: StreamEvent): string => `${event.type}\0${event.data}`

/** By id where the connections see the same event under the same id, else by what is in it. */
export function identityOf(witness: readonly StreamEvent[], others: readonly StreamEvent[]): Identity {
  const ids = new Map(witness.filter(({ id }) => id !== null && id !== '').map((event) => [event.id, event]))
  const met = others.flatMap((event) => {
    const same = ids.get(event.id)
    return same === undefined ? [] : [contentOf(same) === contentOf(event)]
  })
  const alike = met.filter(Boolean).length
  const withId = witness.filter(({ id }) => id !== null && id !== '').length
  if (alike > 0 && alike * 2 > met.length && ids.size === withId) return 'id'
  return new Set(witness.map(contentOf)).size === witness.length ? 'content' : null
}

/** Judges what the client saw by what the witness saw. Says the same words in every run. */
export function compareWithWitness(record: ResumeRecord, identity: 'id' | 'content'): ResumeOutcome {
  const { witness, start, phases, connections, comeback } = record
  const client = connections.flat()
  const keyOf = (event: StreamEvent): string =>
    identity === 'id' && event.id !== null && event.id !== '' ? `#${event.id}` : contentOf(event)
  const places = new Map(witness.map((event, index) => [keyOf(event), index]))
  const phaseOf = (index: number): Phase => phases.find(([, until]) => index < until)?.[0] ?? 'after'
  const known = client.map((event) => places.get(keyOf(event))).filter((index) => index !== undefined)
  const ownTwice = (): string | null => {
    const twice = known.find((place, index) => known.indexOf(place) < index)
    return twice === undefined ? null : `an event ${sent[phaseOf(twice)]}`
  }
  return {
    witness,
    client,
    cursor: record.cursor,
    faults: record.faults,
    expectNothingLost() {
      const seen = new Set(client.map(keyOf))
      const lost = witness.findIndex((event, index) => index >= start && !seen.has(keyOf(event)))
      if (lost === -1) return
      throw new Violation(
        'every event that the witness saw to reach the client as well',
        `lost: an event ${sent[phaseOf(lost)]}`,
      )
    },
    expectNothingTwice() {
      const what = cursorAgain(record, identity) ?? ownTwice() ?? othersTwice(record, identity)
      if (what !== null) throw new Violation('no event to reach the client twice', `twice: ${what}`)
    },
    expectOrder() {
      const firsts = known.filter((place, index) => known.indexOf(place) === index)
      if (firsts.every((place, index) => index === 0 || place > (firsts[index - 1] ?? -1))) return
      throw new Violation('the order that the witness saw', 'the client saw another order')
    },
    expectUnaltered() {
      for (const event of client) {
        const original = witness[places.get(keyOf(event)) ?? -1]
        if (original === undefined || contentOf(original) === contentOf(event)) continue
        const what = original.type === event.type ? 'other data' : 'another type'
        throw new Violation('events as the witness saw them', `an event with the same id but ${what}`)
      }
    },
    expectPromptReconnect() {
      const expected = 'the client to be taken back at its first attempt, within the limit'
      if (comeback.attempts > 1) throw new Violation(expected, 'it was refused first')
      if (comeback.ms > comeback.limitMs) throw new Violation(expected, 'it was taken back later')
    },
  }
}

/** A replay that begins with the event that the cursor names. */
function cursorAgain({ cursor, everything }: ResumeRecord, identity: Identity): string | null {
  if (identity !== 'id' || cursor === '') return null
  const before = everything.slice(0, -1).flat()
  const again = everything.at(-1)?.[0]?.id === cursor && before.some(({ id }) => id === cursor)
  return again ? 'the event of the cursor' : null
}

/** Only ids can tell whether an event of somebody else came twice. */
function othersTwice({ everything }: ResumeRecord, identity: Identity): string | null {
  if (identity !== 'id') return null
  const ids = everything.flat().flatMap(({ id }) => (id === null || id === '' ? [] : [id]))
  return new Set(ids).size < ids.length ? 'an event that somebody else sent' : null
}

/** True when a client saw everything that it had to see. */
export function isComplete(
  record: Pick<ResumeRecord, 'witness' | 'start' | 'connections'>,
  identity: Identity,
): boolean {
  const keyOf = (event: StreamEvent): string =>
    identity === 'id' && event.id !== null && event.id !== '' ? `#${event.id}` : contentOf(event)
  const seen = new Set(record.connections.flat().map(keyOf))
  return record.witness.slice(record.start).every((event) => seen.has(keyOf(event)))
}
