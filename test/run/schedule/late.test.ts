import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import { fake, runFakes, verdicts } from '../fakes.ts'

describe('errors that nobody caught', () => {
  it('charges a late throw from a timer to its own check', async () => {
    const report = await runFakes({
      checks: [
        fake('late-timer', () => {
          setTimeout(() => {
            throw new Error('from a timer')
          }, 15)
        }),
        ...Array.from({ length: 6 }, (_, index) =>
          fake(`late-timer-beside-${index}`, ({ wait }) => wait(40)),
        ),
      ],
    })
    expect(Object.entries(verdicts(report)).filter(([, verdict]) => verdict !== 'pass')).to.deep.equal([
      ['late-timer', 'harness-error'],
    ])
    expect(report.results[0]?.reason).to.equal('an error in Streamproof: Error: from a timer')
    expect(report.run.exitCode).to.equal(4)
  })

  it('charges an error event without a listener to the check that caused it', async () => {
    const report = await runFakes({
      checks: [
        fake('late-emitter-beside-1', ({ wait }) => wait(40)),
        fake('late-emitter', () => {
          const emitter = new EventEmitter()
          setTimeout(() => emitter.emit('error', new Error('from an emitter')), 15)
        }),
        fake('late-emitter-beside-2', ({ wait }) => wait(40)),
      ],
    })
    expect(verdicts(report)).to.deep.equal({
      'late-emitter-beside-1': 'pass',
      'late-emitter': 'harness-error',
      'late-emitter-beside-2': 'pass',
    })
  })

  it('charges a rejection that nobody handled', async () => {
    const report = await runFakes({
      checks: [
        fake('late-rejection', () => {
          setTimeout(() => void Promise.reject(new Error('unhandled')), 10)
        }),
        fake('late-rejection-beside', ({ wait }) => wait(40)),
      ],
    })
    expect(verdicts(report)).to.deep.equal({
      'late-rejection': 'harness-error',
      'late-rejection-beside': 'pass',
    })
  })

  it('leaves the process as it was', async () => {
    const before = ['uncaughtException', 'unhandledRejection'].map((name) => process.listenerCount(name))
    await Promise.all(
      [1, 2].map((index) => runFakes({ checks: [fake(`restore-${index}`, ({ wait }) => wait(5))] })),
    )
    expect(
      ['uncaughtException', 'unhandledRejection'].map((name) => process.listenerCount(name)),
    ).to.deep.equal(before)
    expect(process.hasUncaughtExceptionCaptureCallback()).to.equal(false)
  })
})
