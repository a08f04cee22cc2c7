import { expect } from 'chai'
import { startReference } from '#reference/start'
import type { ReferenceOptions } from '#reference/start'
import { RawClient, publish, unchunked } from '../raw-client.ts'

/** Publishes e1 to e12, resumes after e8 (or `cursor`), publishes e13. Returns the received data fields. */
async function resumed(options: ReferenceOptions = {}, cursor: string | null = null): Promise<string[]> {
  await using reference = await startReference({ heartbeatMs: 60_000, ...options })
  const ids: (string | null)[] = []
  for (let index = 1; index <= 12; index += 1) {
    ids.push((await publish(reference.publish, { data: `e${index}` })).id)
  }
  await using client = await RawClient.get(reference.http, `Last-Event-ID: ${cursor ?? ids[7]}`)
  await client.until('retry: 1000')
  await publish(reference.publish, { data: 'e13' })
  const response = await client.until('e13\n\n')
  return [...unchunked(response).matchAll(/^data: (.*)$/gm)].map(([, data]) => data ?? '')
}

const all = Array.from({ length: 13 }, (_, index) => `e${index + 1}`)

describe('the reference resuming from Last-Event-ID', () => {
  it('replays strictly after the cursor, then sends live events', async () => {
    expect(await resumed()).to.deep.equal(['e9', 'e10', 'e11', 'e12', 'e13'])
  })

  it('reports an unknown cursor, and replays everything', async () => {
    expect(await resumed({}, 'ünknown "1"')).to.deep.equal([
      'the cursor is unknown; the whole history follows',
      ...all,
    ])
  })

  it('treats an empty cursor as absent', async () => {
    expect(await resumed({}, '')).to.deep.equal(['e13'])
  })

  it('replays more than ten events in order, although their ids differ in length', async () => {
    expect(await resumed({}, '2')).to.deep.equal(all.slice(2))
  })

  it('loses no event that is published during the replay', async () => {
    await using reference = await startReference({ heartbeatMs: 60_000 })
    await publish(reference.publish, { data: 'first' })
    const publications = Array.from({ length: 200 }, (_, index) =>
      publish(reference.publish, { data: `n${index}` }),
    )
    await using client = await RawClient.get(reference.http, 'Last-Event-ID: 1')
    await Promise.all(publications)
    await publish(reference.publish, { data: 'last' })
    const response = unchunked(await client.until('data: last\n\n'))
    const ids = [...response.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))
    expect(ids).to.deep.equal(Array.from({ length: 201 }, (_, index) => index + 2))
  })

  it('resumes after an id that the publisher chose, any text', async () => {
    await using reference = await startReference({ heartbeatMs: 60_000 })
    expect(await publish(reference.publish, { data: 'a', id: 'ü 1' })).to.deep.equal({
      status: 200,
      id: 'ü 1',
    })
    expect((await publish(reference.publish, { data: 'b', id: 'ü 1' })).status).to.equal(409)
    await publish(reference.publish, { data: 'c' })
    const cursor = Buffer.from('ü 1').toString('latin1')
    await using client = await RawClient.get(reference.http, `Last-Event-ID: ${cursor}`)
    const response = await client.until('data: c\n\n')
    expect(response).to.not.include('event: reset').and.not.include('data: a')
  })
})

describe('mutants of the resume', () => {
  const resetNotice = 'the cursor is unknown; the whole history follows'
  const cases: readonly (readonly [mutant: string, data: readonly string[]])[] = [
    ['resume-inclusive', all.slice(7)],
    ['resume-loses-first', all.slice(10)],
    ['resume-loses-last', ['e9', 'e10', 'e13']],
    ['resume-last-only', ['e12', 'e13']],
    ['resume-reversed', ['e12', 'e11', 'e10', 'e9', 'e13']],
    ['resume-twice', ['e9', 'e9', 'e10', 'e10', 'e11', 'e11', 'e12', 'e12', 'e13']],
    ['resume-live-only', ['e13']],
    ['resume-everything', all],
    ['resume-by-text', ['e9', 'e13']],
    ['short-history', [resetNotice, 'e10', 'e11', 'e12', 'e13']],
  ]
  for (const [mutant, data] of cases) {
    it(mutant, async () => {
      expect(await resumed({ mutant })).to.deep.equal(data)
    })
  }
})
