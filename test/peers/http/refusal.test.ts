import { expect } from 'chai'
import { retryAfterMs, reportRefusal } from '#peers/http/refusal'

describe('Retry-After', () => {
  const now = Date.parse('Wed, 21 Oct 2015 07:28:00 GMT')
  const rows: readonly (readonly [string | null, number | null])[] = [
    [null, null],
    ['', null],
    ['0', 0],
    ['1', 1000],
    [' 120 ', 120_000],
    ['9'.repeat(400), 86_400_000],
    ['-1', null],
    ['1.5', null],
    ['1, 2', null],
    ['soon', null],
    ['2016', 2_016_000],
    ['Wed, 21 Oct 2015 07:28:03 GMT', 3000],
    ['Wednesday, 21-Oct-15 07:28:03 GMT', 3000],
    ['Wed Oct 21 07:28:03 2015 GMT', 3000],
    ['Wed, 21 Oct 2015 07:27:00 GMT', 0],
    ['Wed, 21 Oct 2035 07:28:00 GMT', 86_400_000],
    ['Wed, 99 Oct 2015 07:28:00 GMT', null],
  ]
  for (const [value, ms] of rows) {
    it(`${JSON.stringify(value?.slice(0, 40) ?? null)} is ${ms === null ? 'none' : `${ms} ms`}`, () =>
      expect(retryAfterMs(value, now)).to.equal(ms))
  }

  it('is reported to the scheduler with a 429 or a 503, and with no other answer', () => {
    const reported: unknown[] = []
    const observer = {
      opened: () => () => undefined,
      refused: (...how: unknown[]) => void reported.push(how),
    }
    for (const status of [200, 101, 429, 400, 503, 500])
      reportRefusal(observer, {
        status,
        get: (name) => (name === 'retry-after' && status === 429 ? '2' : null),
      })
    expect(reported).to.deep.equal([
      ['status-429', 2000],
      ['status-503', null],
    ])
  })
})
