import { expect } from 'chai'
import { assemble as assembleFor } from '#model/catalogue'
import type { PlacedCheck, SuiteFile } from '#model/catalogue'
import { check } from '#model/check'
import type { Check, DeclaredCheck, Section } from '#model/check'

const section = (order: number, protocol: Section['protocol'] = 'websocket'): Section => ({
  protocol,
  order,
  title: `section ${order}`,
})

const protocols = [
  { id: 'websocket', prefix: 'ws' },
  { id: 'sse', prefix: 'sse' },
]

const assemble = (files: readonly SuiteFile[], declared: readonly DeclaredCheck[]): PlacedCheck[] =>
  assembleFor(files, declared, protocols)

function made(id: string, more: Partial<Check> = {}): DeclaredCheck {
  return check({
    id,
    title: 'does what it must',
    level: 'MUST',
    clause: { spec: 'RFC6455', section: '5.5' },
    topic: 'protocol',
    mutants: ['does-not'],
    run: () => Promise.resolve(),
    ...more,
  })
}

const file = (
  path: string,
  exports: Record<string, unknown>,
): { path: string; exports: Record<string, unknown> } => ({
  path,
  exports,
})

const ids = (checks: readonly DeclaredCheck[]): string[] => checks.map((one) => one.id)

describe('check()', () => {
  for (const id of ['ws/only-two', 'WS/a/b', 'ws/A/b', 'ws/a/b_c', 'ws/a/-b', '']) {
    it(`refuses the id '${id}'`, () => {
      expect(() => made(id)).to.throw(TypeError, 'is not prefix/area/name')
    })
  }

  it('refuses a check that names no mutant', () => {
    expect(() => made('ws/a/unproven', { mutants: [] })).to.throw(
      TypeError,
      'check ws/a/unproven names no mutant',
    )
  })
})

describe('check() of an exclusive check', () => {
  it('requires the expected duration of an exclusive check, and of no other', () => {
    expect(() => made('ws/a/alone', { exclusive: 'time' })).to.throw(TypeError, 'expectedDurationMs')
    expect(() => made('ws/a/beside', { expectedDurationMs: 5 })).to.throw(TypeError, 'expectedDurationMs')
    expect(made('ws/a/said', { exclusive: 'load', expectedDurationMs: 5 }).expectedDurationMs).to.equal(5)
  })
})

describe('assemble()', () => {
  it('orders by protocol, section and place in the text, not by export name', () => {
    const [z, a, sse, early] = [made('ws/b/z'), made('ws/b/a'), made('sse/a/a'), made('ws/a/early')]
    const files = [
      file('b.ts', { section: section(550), a, z }),
      file('s.ts', { section: section(1, 'sse'), sse }),
      file('a.ts', { section: section(420), early }),
    ]
    expect(ids(assemble(files, [z, a, sse, early]))).to.deep.equal([
      'ws/a/early',
      'ws/b/z',
      'ws/b/a',
      'sse/a/a',
    ])
  })

  it('takes the members of an exported family one by one', () => {
    const family = ['one', 'two'].map((name) => made(`ws/family/${name}`))
    const placed = assemble([file('f.ts', { section: section(1), family })], family)
    expect(ids(placed)).to.deep.equal(['ws/family/one', 'ws/family/two'])
    expect(placed[0]?.section.title).to.equal('section 1')
  })

  it('takes protocol and role from the section', () => {
    const [one, other] = [made('ws/p/one'), made('both/p/other')]
    const placed = assemble(
      [
        file('p.ts', { section: { ...section(1), role: 'client' }, one }),
        file('q.ts', { section: section(1, null), other }),
      ],
      [one, other],
    )
    expect(placed.map(({ protocol, role }) => [protocol, role])).to.deep.equal([
      ['websocket', 'client'],
      [null, 'server'],
    ])
  })

  it('makes a check of its own of every variant, with the variant in its id', () => {
    const varied = made('ws/v/varied', { variants: ['h1', 'h2'] })
    const [later, single] = [
      made('ws/v/later', { variants: ['h2'], after: ['ws/v/varied'] }),
      made('ws/v/single', { after: ['ws/v/varied'] }),
    ]
    const placed = assemble(
      [file('v.ts', { section: section(1), varied, later, single })],
      [varied, later, single],
    )
    expect(placed.map(({ id, variant, after }) => [id, variant, after])).to.deep.equal([
      ['ws/v/varied@h1', 'h1', undefined],
      ['ws/v/varied@h2', 'h2', undefined],
      ['ws/v/later@h2', 'h2', ['ws/v/varied@h2']],
      ['ws/v/single', null, ['ws/v/varied@h1', 'ws/v/varied@h2']],
    ])
  })

  it('puts a check after its prerequisites', () => {
    const [late, base] = [made('ws/x/late', { after: ['ws/x/base'] }), made('ws/x/base')]
    const placed = assemble([file('x.ts', { section: section(1), late, base })], [late, base])
    expect(ids(placed)).to.deep.equal(['ws/x/base', 'ws/x/late'])
  })

  const wrong: readonly (readonly [string, string, () => unknown])[] = [
    [
      'is declared but not exported',
      'check ws/w/lost is declared but not exported',
      () => assemble([], [made('ws/w/lost')]),
    ],
    [
      'is exported twice',
      'check ws/w/twice is exported twice: by a.ts and b.ts',
      () => {
        const twice = made('ws/w/twice')
        const exports = { section: section(1), twice }
        return assemble([file('a.ts', exports), file('b.ts', exports)], [twice])
      },
    ],
    [
      'is in a file without a section',
      'a.ts exports checks but no section',
      () => {
        const one = made('ws/w/homeless')
        return assemble([file('a.ts', { one })], [one])
      },
    ],
    [
      'has the prefix of another protocol',
      'the id of check sse/w/elsewhere has to begin with ws/',
      () => {
        const one = made('sse/w/elsewhere')
        return assemble([file('a.ts', { section: section(1), one })], [one])
      },
    ],
    [
      'is in a section of an unknown protocol',
      'check ws/w/unknown is in a section of the protocol carrier-pigeon, which does not exist',
      () => {
        const one = made('ws/w/unknown')
        return assemble([file('a.ts', { section: section(1, 'carrier-pigeon'), one })], [one])
      },
    ],
    [
      'has a prerequisite that does not exist',
      'check ws/w/after has the prerequisite ws/w/nothing, which does not exist',
      () => {
        const one = made('ws/w/after', { after: ['ws/w/nothing'] })
        return assemble([file('a.ts', { section: section(1), one })], [one])
      },
    ],
    [
      'is a prerequisite of itself',
      'checks are prerequisites of each other in a circle: ws/w/i -> ws/w/ii -> ws/w/i',
      () => {
        const two = [made('ws/w/i', { after: ['ws/w/ii'] }), made('ws/w/ii', { after: ['ws/w/i'] })]
        return assemble([file('a.ts', { section: section(1), two })], two)
      },
    ],
  ]
  for (const [what, message, load] of wrong) {
    it(`stops the load when a check ${what}`, () => {
      expect(load).to.throw(message)
    })
  }
})
