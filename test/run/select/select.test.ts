import { expect } from 'chai'
import { UsageError } from '#model/errors'
import type { Selection } from '#run/settings'
import { globExpression, select } from '#run/select/select'
import { fake } from '../fakes.ts'

const nothing = (): void => undefined
const checks = [
  fake('ping/long', nothing, { clause: { spec: 'RFC6455', section: '5.5' } }),
  fake('ping/short', nothing, { clause: { spec: 'RFC6455', section: '5.5.2' }, level: 'SHOULD' }),
  fake('close/code', nothing, { clause: { spec: 'RFC6455', section: '5.51' }, topic: 'security' }),
  fake('cors/origin', nothing, {
    clause: { spec: 'FETCH', section: 'cors' },
    level: 'INFO',
    topic: 'security',
  }),
]

function ids(selection: Selection): string[] {
  return select({ checks, expectations: [] }, selection).selected.map(({ id }) => id.replace('ws/fake/', ''))
}

function messageOf(selection: Selection): string {
  try {
    select({ checks, expectations: [] }, selection)
  } catch (error) {
    expect(error).to.be.instanceOf(UsageError)
    return (error as Error).message
  }
  throw new Error('the selection was accepted')
}

describe('the selection', () => {
  it('contains every check by default', () => {
    expect(ids({})).to.deep.equal(['ping/long', 'ping/short', 'close/code', 'cors/origin'])
  })

  it('selects by ids and globs', () => {
    expect(ids({ only: ['ws/fake/ping/short'] })).to.deep.equal(['ping/short'])
    expect(ids({ only: ['ws/fake/ping/*'] })).to.deep.equal(['ping/long', 'ping/short'])
    expect(ids({ only: ['ws/*'] })).to.have.length(4)
    expect(ids({ only: ['**/code', 'ws/*/cors/o?igin'] })).to.deep.equal(['close/code', 'cors/origin'])
    expect(ids({ only: ['ws/fake/ping/*'], skip: ['**/long'] })).to.deep.equal(['ping/short'])
  })

  it('selects by level, topic and clause, with the clauses below it', () => {
    expect(ids({ level: ['must'] })).to.deep.equal(['ping/long', 'close/code'])
    expect(ids({ topic: ['security'], level: ['INFO'] })).to.deep.equal(['cors/origin'])
    expect(ids({ clause: ['RFC6455/5.5'] })).to.deep.equal(['ping/long', 'ping/short'])
    expect(ids({ clause: ['rfc6455'] })).to.deep.equal(['ping/long', 'ping/short', 'close/code'])
  })

  it('matches full titles', () => expect(ids({ grep: /does close/ })).to.deep.equal(['close/code']))

  const wrong: readonly (readonly [Selection, string])[] = [
    [
      { only: ['ws/fake/ping/lonk'] },
      '--only: there is no check ws/fake/ping/lonk (did you mean ws/fake/ping/long?); see `streamproof list`',
    ],
    [{ skip: ['sse/**'] }, '--skip: no check matches sse/**; see `streamproof list`'],
    [{ level: ['MUSTN'] }, '--level: MUSTN is none of MUST, SHOULD, MAY, INFO (did you mean MUST?)'],
    [
      { clause: ['RFC6454/5.5'] },
      '--clause: RFC6454 is none of RFC6455, RFC7692, RFC9110, RFC9112, HTML, FETCH, OWASP, EXPECTATIONS, STREAMPROOF (did you mean RFC6455?)',
    ],
    [{ clause: ['RFC6455/5.6'] }, '--clause: no check is about RFC6455/5.6 (did you mean RFC6455/5.5?)'],
    [{ level: ['MAY'] }, 'no check matched: see `streamproof list` for what there is'],
  ]
  for (const [selection, line] of wrong)
    it(`rejects ${JSON.stringify(selection)}`, () => expect(messageOf(selection)).to.equal(line))
})

describe('a glob over ids', () => {
  const ids = [
    'ws/control/ping-long',
    'ws/control/pong',
    'ws/close/code',
    'sse/control/pong/late',
    'ws/a.b/c',
  ]
  const cases: readonly (readonly [glob: string, matched: readonly string[]])[] = [
    ['ws/control/*', ['ws/control/ping-long', 'ws/control/pong']],
    ['ws/*', ['ws/control/ping-long', 'ws/control/pong', 'ws/close/code', 'ws/a.b/c']],
    ['ws/control/p*', ['ws/control/ping-long', 'ws/control/pong']],
    ['sse/control/*', ['sse/control/pong/late']],
    ['sse/**', ['sse/control/pong/late']],
    ['**', ids],
    ['*', ids],
    ['*/control/pong', ['ws/control/pong']],
    ['ws/*/pong', ['ws/control/pong']],
    ['*/pong', []],
    ['**/pong', ['ws/control/pong']],
    ['**/pong*', ['ws/control/pong', 'sse/control/pong/late']],
    ['ws/c*/p?ng', ['ws/control/pong']],
    ['ws/control?pong', []],
    ['ws/a.b/c', ['ws/a.b/c']],
    ['ws/a?b/c', ['ws/a.b/c']],
    ['ws/close/cod.', []],
    ['control', []],
  ]
  for (const [glob, matched] of cases) {
    it(`${glob} matches ${matched.length} of ${ids.length} ids`, () => {
      const expression = globExpression(glob)
      expect(ids.filter((id) => expression.test(id))).to.deep.equal(matched)
    })
  }
})
