import { expect } from 'chai'
import type { ResumeOutcome, StreamEvent } from '#peers/kit'
import { compareWithWitness, identityOf, isComplete } from '#peers/resume/compare'
import type { ResumeRecord } from '#peers/resume/compare'

/** `1:a` has the id 1 and the data a; `:a` has no id. */
function event(text: string): StreamEvent {
  const [id = '', data = ''] = text.split(':')
  return {
    type: 'message',
    data,
    id: id === '' ? null : id,
    lastEventId: id,
    ms: 0,
    from: 0,
    to: 0,
  }
}

const events = (text: string): readonly StreamEvent[] => text.split(' ').filter(Boolean).map(event)

/** What the witness received, and what the client received on each of its connections. */
function record(
  witness: string,
  connections: readonly string[],
  changes: Partial<ResumeRecord> = {},
): ResumeRecord {
  return {
    witness: events(witness),
    firstDue: 0,
    phases: [
      ['before', 1],
      ['gap', 2],
      ['race', 3],
      ['after', 4],
    ],
    connections: connections.map(events),
    everything: connections.map(events),
    cursor: '1',
    faults: [],
    reconnection: { attempts: 1, ms: 5, limitMs: 100, startedAt: 0 },
    ...changes,
  }
}

/** What the verb reports, or null. */
function problem(
  verb: keyof ResumeOutcome & `expect${string}`,
  identity: 'id' | 'content',
  received: ResumeRecord,
): unknown {
  try {
    compareWithWitness(received, identity)[verb]()
    return null
  } catch (error) {
    return (error as { actual?: unknown }).actual
  }
}

describe('identityOf', () => {
  it('is the id if both received the same events with the same ids', () => {
    expect(identityOf(events('1:a 2:b'), events('1:a'))).to.equal('id')
  })

  it('is the content if every connection has ids of its own', () => {
    expect(identityOf(events('1:a 2:b'), events('1:b 2:a'))).to.equal('content')
    expect(identityOf(events('1:a 2:b'), events('8:a 9:b'))).to.equal('content')
  })

  it('is the id even if not every event has one: the others are recognised by content', () => {
    expect(identityOf(events('1:a :b'), events('1:a'))).to.equal('id')
    const lost = record('1:a :b :c', ['1:a', ':c'])
    expect(problem('expectNothingLost', 'id', lost)).to.match(/^lost/)
  })

  it('is the content if an id occurs twice', () => {
    expect(identityOf(events('1:a 1:b'), events('1:a'))).to.equal('content')
  })

  it('is unknown if neither ids nor contents differ', () => {
    expect(identityOf(events(':a :a'), events(':a'))).to.equal(null)
  })
})

describe('compareWithWitness', () => {
  const whole = record('1:a 2:b 3:c 4:d', ['1:a', '2:b 3:c 4:d'])

  it('reports nothing if the client received what the witness received', () => {
    for (const verb of [
      'expectNothingLost',
      'expectNothingTwice',
      'expectOrder',
      'expectUnaltered',
      'expectPromptReconnect',
    ] as const)
      expect(problem(verb, 'id', whole), verb).to.equal(null)
    expect(isComplete(whole, 'id')).to.equal(true)
  })

  const lost: readonly (readonly [connections: readonly string[], when: string])[] = [
    [['2:b 3:c 4:d'], 'before the client lost its connection'],
    [['1:a', '3:c 4:d'], 'while the client was disconnected'],
    [['1:a', '2:b 4:d'], 'during or after the reconnect'],
    [['1:a', '2:b 3:c'], 'during or after the reconnect'],
  ]
  for (const [connections, when] of lost) {
    it(`reports when the lost event was sent: ${connections.join(' | ')}`, () => {
      const received = record('1:a 2:b 3:c 4:d', connections)
      expect(problem('expectNothingLost', 'id', received)).to.equal(`lost: an event sent ${when}`)
      expect(isComplete(received, 'id')).to.equal(false)
    })
  }

  it('does not expect events from before the client connected', () => {
    const received = record('1:a 2:b 3:c', ['2:b', '3:c'], { firstDue: 1 })
    expect(problem('expectNothingLost', 'id', received)).to.equal(null)
    expect(isComplete(received, 'id')).to.equal(true)
  })

  const repeated: readonly (readonly [
    identity: 'id' | 'content',
    connections: readonly string[],
    what: string,
  ])[] = [
    ['id', ['1:a', '1:a 2:b 3:c 4:d'], 'the event that Last-Event-ID named'],
    ['id', ['1:a', '2:b 2:b 3:c 4:d'], 'an event sent while the client was disconnected'],
    ['content', ['7:a', '8:a 9:b'], 'an event sent before the client lost its connection'],
  ]
  for (const [identity, connections, what] of repeated) {
    it(`reports an event that arrived twice, by ${identity}: ${connections.join(' | ')}`, () => {
      expect(problem('expectNothingTwice', identity, record('1:a 2:b 3:c 4:d', connections))).to.equal(
        `twice: ${what}`,
      )
    })
  }

  it('reports a repeated event of another publisher, which only its id shows', () => {
    const everything = ['1:a 5:x', '2:b 5:x'].map(events)
    const received = record('1:a 2:b', ['1:a', '2:b'], { everything })
    expect(problem('expectNothingTwice', 'id', received)).to.equal('twice: an event of another publisher')
    expect(problem('expectNothingTwice', 'content', received)).to.equal(null)
  })

  it('reports another order, whatever arrived twice', () => {
    const reversed = record('1:a 2:b 3:c', ['1:a', '3:c 2:b'])
    expect(problem('expectOrder', 'id', reversed)).to.equal('it received them in another order')
    const replayed = record('1:a 2:b 3:c', ['1:a 2:b', '1:a 2:b 3:c'])
    expect(problem('expectOrder', 'id', replayed)).to.equal(null)
  })

  it('reports other data under the same id', () => {
    const altered = record('1:a 2:b', ['1:a', '2:B'])
    expect(problem('expectUnaltered', 'id', altered)).to.equal('an event with the same id but other data')
  })

  it('reports a reconnect that was refused first, or accepted late', () => {
    const reconnection = whole.reconnection
    expect(
      problem('expectPromptReconnect', 'id', { ...whole, reconnection: { ...reconnection, attempts: 2 } }),
    ).to.equal('the first attempt was refused')
    expect(
      problem('expectPromptReconnect', 'id', { ...whole, reconnection: { ...reconnection, ms: 101 } }),
    ).to.equal('it was accepted later')
  })
})
