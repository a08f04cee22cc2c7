export { judge } from './harness/check/judge.ts'
export { Inconclusive, SetupError, UsageError, Violation } from './harness/check/errors.ts'
export { check } from './harness/peers/kit.ts'
