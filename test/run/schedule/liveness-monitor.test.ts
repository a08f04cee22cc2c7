import { expect } from 'chai'
import { LivenessMonitor } from '#run/schedule/liveness-monitor'
import type { Probe } from '#run/schedule/liveness-monitor'

const probe = (answer: Partial<Probe>): Probe => ({
  target: 0,
  askedAt: 1000,
  alive: true,
  afterDrops: false,
  cause: null,
  open: [],
  ...answer,
})

const down = { target: 0, kind: 'down', cause: null } as const
const restarted = { target: 0, kind: 'restarted', cause: null } as const

describe('what a probe shows', () => {
  for (const [title, answer, crash] of [
    ['a target that answers is alive', {}, null],
    ['it crashed if it does not answer, and no connection is open', { alive: false, open: [] }, { ...down }],
    [
      'it only accepts no more if an older connection is still open',
      { alive: false, open: [{ openedAt: 990 }] },
      null,
    ],
    [
      'it crashed if the only open connection was opened after it was asked',
      { alive: false, open: [{ openedAt: 1001 }] },
      down,
    ],
    [
      'it crashed if its driver knows so, whatever is open',
      { alive: false, cause: 'exited with status 134', open: [{ openedAt: 990 }] },
      { ...down, cause: 'exited with status 134' },
    ],
    ['it restarted if it dropped all connections and answers', { afterDrops: true }, restarted],
    [
      'it restarted if all open connections were opened after the drops',
      { afterDrops: true, open: [{ openedAt: 990 }] },
      restarted,
    ],
    [
      'it did not restart if a connection was open before the drops',
      { afterDrops: true, open: [{ openedAt: 985 }] },
      null,
    ],
  ] as const) {
    it(title, () => {
      const monitor = new LivenessMonitor([0])
      expect(monitor.probed(probe(answer))).to.deep.equal(crash)
      expect(monitor.crash).to.deep.equal(crash)
    })
  }

  it('a restart is suspected three times at most', () => {
    const monitor = new LivenessMonitor([0])
    const kinds = [1, 2, 3, 4].map(() => {
      const crash = monitor.probed(probe({ afterDrops: true }))
      monitor.reset()
      return crash?.kind ?? null
    })
    expect(kinds).to.deep.equal(['restarted', 'restarted', 'restarted', null])
    expect(monitor.probed(probe({ alive: false }))).to.deep.equal(down)
  })

  it('a crash is remembered until it has been dealt with', () => {
    const monitor = new LivenessMonitor([0])
    monitor.probed(probe({ alive: false }))
    expect(monitor.crash).to.deep.equal(down)
    monitor.reset()
    expect(monitor.crash).to.equal(null)
  })
})

describe('dropped connections', () => {
  const checks: Readonly<Record<string, object>> = { a: {}, b: {}, c: {} }
  for (const [title, drops, suspicious] of [
    [
      'of two checks are no reason for a probe',
      [
        ['a', 0],
        ['b', 1],
      ],
      false,
    ],
    [
      'of one check are no reason, however many',
      [
        ['a', 0],
        ['a', 1],
        ['a', 2],
        ['a', 3],
      ],
      false,
    ],
    [
      'of three checks within 15 ms are a reason',
      [
        ['a', 0],
        ['b', 7],
        ['c', 14],
      ],
      true,
    ],
    [
      'of three checks within more than 15 ms are no reason',
      [
        ['a', 0],
        ['b', 7],
        ['c', 15],
      ],
      false,
    ],
  ] as const) {
    it(title, () => {
      const monitor = new LivenessMonitor([0])
      const answers = drops.map(([check, at]) => monitor.connectionDropped(checks[check] ?? {}, at))
      expect(answers.at(-1)).to.equal(suspicious)
      expect(answers.slice(0, -1)).to.not.include(true)
    })
  }

  it('from before a crash count no more once it has been dealt with', () => {
    const monitor = new LivenessMonitor([0])
    monitor.connectionDropped({}, 0)
    monitor.connectionDropped({}, 0)
    monitor.reset()
    expect(monitor.connectionDropped({}, 0)).to.equal(false)
  })
})

describe('since when a target is alive', () => {
  for (const [title, events, asked, alive] of [
    ['is unknown at first', [], [0, 0], false],
    ['is when a connection to it was opened', [['opened', 0, 50]], [0, 50], true],
    ['is not when a connection to another was opened', [['opened', 1, 50]], [0, 50], false],
    ['is not when a connection to an unknown target was opened', [['opened', null, 50]], [0, 50], false],
    ['is when it was asked, not when it answered', [['answered', 0, 40]], [0, 41], false],
    [
      'is the latest time, whatever the order',
      [
        ['answered', 0, 60],
        ['answered', 0, 40],
      ],
      [0, 60],
      true,
    ],
    ['takes every target for a check about all: not yet', [['opened', 0, 50]], [null, 50], false],
    [
      'takes every target for a check about all',
      [
        ['opened', 0, 50],
        ['answered', 1, 60],
      ],
      [null, 50],
      true,
    ],
  ] as const) {
    it(title, () => {
      const monitor = new LivenessMonitor([0, 1])
      for (const [event, target, at] of events) {
        if (event === 'opened') monitor.connectionOpened(target, at)
        else monitor.answered(target, at)
      }
      const [target, ms] = asked
      expect(monitor.aliveSince(target, ms)).to.equal(alive)
    })
  }

  it('counts the connections of the last second', () => {
    const monitor = new LivenessMonitor([0])
    for (const at of [0, 500, 999, 1000]) monitor.connectionOpened(0, at)
    expect([1000, 1499, 1500, 1999, 2000].map((now) => monitor.recentOpenings(now))).to.deep.equal([
      3, 3, 2, 1, 0,
    ])
  })
})
