import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import { fake, gate, runFakes, verdicts } from '../fakes.ts'
import type { Gate } from '../fakes.ts'

/** Checks that run until the gate opens. */
const until = (opened: Gate, ...names: string[]) => names.map((name) => fake(name, () => opened.wait))

describe('an error that nobody catches', () => {
  it('is the error of the check that set the timer, though the check has passed', async () => {
    const thrown = gate()
    const report = await runFakes({
      checks: [
        fake('late-timer', () => {
          setTimeout(() => {
            thrown.open()
            throw new Error('from a timer')
          })
        }),
        ...until(thrown, 'beside-timer-1', 'beside-timer-2', 'beside-timer-3'),
      ],
    })
    expect(verdicts(report)).to.deep.equal({
      'late-timer': 'harness-error',
      'beside-timer-1': 'pass',
      'beside-timer-2': 'pass',
      'beside-timer-3': 'pass',
    })
    expect(report.results[0]?.reason).to.equal('an error in Streamproof: Error: from a timer')
    expect(report.run.exitCode).to.equal(4)
  })

  it('is the error of the check that emitted an error event without a listener', async () => {
    const emitted = gate()
    const [before, after] = until(emitted, 'beside-emitter-1', 'beside-emitter-2')
    if (before === undefined || after === undefined) throw new Error('two checks')
    const emits = fake('late-emitter', () => {
      const emitter = new EventEmitter()
      setTimeout(() => {
        emitted.open()
        emitter.emit('error', new Error('from an emitter'))
      })
    })
    const report = await runFakes({ checks: [before, emits, after] })
    expect(verdicts(report)).to.deep.equal({
      'beside-emitter-1': 'pass',
      'late-emitter': 'harness-error',
      'beside-emitter-2': 'pass',
    })
  })

  it('is the error of the check that rejected a promise without a handler', async () => {
    const rejected = gate()
    const report = await runFakes({
      checks: [
        fake('late-rejection', () => {
          setTimeout(() => {
            void Promise.reject(new Error('unhandled'))
            // Node reports the rejection before the next timer.
            setTimeout(() => rejected.open())
          })
        }),
        ...until(rejected, 'beside-rejection'),
      ],
    })
    expect(verdicts(report)).to.deep.equal({
      'late-rejection': 'harness-error',
      'beside-rejection': 'pass',
    })
  })

  it('leaves the handlers of the process as they were when the runs have ended', async () => {
    const before = ['uncaughtException', 'unhandledRejection'].map((name) => process.listenerCount(name))
    await Promise.all(
      [1, 2].map((index) => runFakes({ checks: [fake(`restore-${index}`, ({ wait }) => wait(index))] })),
    )
    expect(
      ['uncaughtException', 'unhandledRejection'].map((name) => process.listenerCount(name)),
    ).to.deep.equal(before)
    expect(process.hasUncaughtExceptionCaptureCallback()).to.equal(false)
  })
})
