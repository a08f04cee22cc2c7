import { Inconclusive, Violation } from '#model/errors'
import type { Route } from '#peers/kit'
import type { ByteStream } from '#peers/net/byte-stream'
import type { SessionContext } from '#peers/session/context'
import type { Fault, FaultProxy, LinkDown, ConnectionTrace, Proof } from '#proxies/types'
import { Severed } from './severed.ts'

/** How long the engine may take to report what it logged of a fault, in ms. */
const logLimitMs = 1000

/** What a control run observed: at least the trace of its connection. */
export interface Control {
  readonly trace: ConnectionTrace
}

/** A control and a faulted run that differ in the fault alone. */
export interface FaultTrial<Observed extends Control, Result> {
  readonly proxy: FaultProxy
  /** Runs through the proxy without a fault. Its connections on this route are closed before the fault is set. */
  readonly control: (via: Route) => Promise<Observed>
  /** The fault, or how to make it from the control: "cut after the head and 3 bytes". */
  readonly fault: Fault | ((control: Observed) => Fault)
  /** Runs through the same proxy under the fault. */
  readonly faulted: (via: Route, control: Observed) => Promise<Result>
  /** Which connection of the faulted run is compared with the control: by default the first on its route. */
  readonly connection?: (
    connections: readonly ByteStream[],
    result: Result | undefined,
  ) => ByteStream | undefined
  /** By default `fault.prove(faulted, control.trace)`. `result` is undefined if the faulted run threw. */
  readonly prove?: (
    fault: Fault,
    observed: {
      readonly faulted: ConnectionTrace
      readonly control: Observed
      readonly result: Result | undefined
    },
  ) => Proof
}

/**
 * Runs a control, sets the fault, runs the same under the fault, and compares what our own socket observed both times.
 * This is the only place where a fault of toxics is set and proven, so that no verdict rests on a fault that had no
 * effect.
 *
 * @returns the result of the faulted run; the fault and its proof are part of the evidence.
 * @throws Violation of the control; of the faulted run only if the fault is proven.
 * @throws Severed if a proven fault ended the faulted run before it was complete.
 * @throws Inconclusive `fault-not-proven`, `engine-failed`, and what a run throws.
 */
export async function proveFault<Observed extends Control, Result>(
  context: SessionContext,
  trial: FaultTrial<Observed, Result>,
): Promise<Result> {
  const { proxy, prove } = trial
  const control = await runControl(context, trial)

  const fault = typeof trial.fault === 'function' ? trial.fault(control) : trial.fault
  await awaitEngine(proxy.setFaults([fault]))

  const via = context.through(proxy, [fault])
  context.transcript.add('proxy', 'note', `the same under the fault ${fault.name}`)
  const run = await settle(() => trial.faulted(via, control))

  const result = 'result' in run ? run.result : undefined
  const connection = (trial.connection ?? first)(context.connectionsOn(via), result)
  const faulted = await traceOf(context, connection, fault, run)
  const proof =
    faulted === null
      ? noConnection(run)
      : (prove?.(fault, { faulted, control, result }) ?? fault.prove(faulted, control.trace))
  if (!proof.proven && 'failure' in run && run.failure instanceof Inconclusive) throw run.failure
  recordFault(context, proxy, fault, proof, 'failure' in run ? run.failure : undefined)

  if ('failure' in run) throw run.failure
  return run.result
}

/**
 * Adds a proven fault to the evidence of the check.
 *
 * @param cause what the faulted run threw, if it did.
 * @throws Inconclusive `fault-not-proven`
 */
export function recordFault(
  context: SessionContext,
  proxy: FaultProxy,
  fault: Fault | LinkDown,
  proof: Proof,
  cause?: Error,
): void {
  if (!proof.proven) {
    context.transcript.add('proxy', 'note', proof.summary)
    throw faultNotProven(proof.summary, cause)
  }
  const { name, direction, settings } = fault
  context.addFault({ name, direction, settings, proof: proof.summary }, () =>
    proxy.loggedConnections(fault, context.scaled(logLimitMs)),
  )
  for (const [figure, value] of Object.entries(proof.figures)) context.measure(`${name}.${figure}`, value)
}

/** `summary`: why the fault is not proven, the same text in every run. */
export function faultNotProven(summary: string, cause?: Error): Inconclusive {
  return new Inconclusive('fault-not-proven', summary, cause === undefined ? {} : { cause })
}

/** Waits for a command to the engine. @throws Inconclusive `engine-failed` */
export function awaitEngine<T>(command: Promise<T>): Promise<T> {
  return command.catch((error: unknown) => {
    throw new Inconclusive('engine-failed', 'the engine did not carry out a command', { cause: error })
  })
}

/** Closes every connection on a route: a toxic also affects the connections that are open when it is set. */
export async function closeAll(context: SessionContext, via: Route): Promise<void> {
  await Promise.all(context.connectionsOn(via).map((connection) => connection.close()))
}

async function runControl<Observed extends Control>(
  context: SessionContext,
  { proxy, control }: Pick<FaultTrial<Observed, unknown>, 'proxy' | 'control'>,
): Promise<Observed> {
  // An earlier trial may have left its fault on this proxy.
  await awaitEngine(proxy.setFaults([]))
  const via = context.through(proxy, [])
  try {
    return await control(via)
  } finally {
    await closeAll(context, via)
  }
}

type Run<Result> = { readonly result: Result } | { readonly failure: Violation | Severed | Inconclusive }

/** Holds back what a run throws about the target until the fault is proven. Any other error is a bug, thrown at once. */
async function settle<Result>(run: () => Promise<Result>): Promise<Run<Result>> {
  try {
    return { result: await run() }
  } catch (failure) {
    if (failure instanceof Violation || failure instanceof Severed || failure instanceof Inconclusive)
      return { failure }
    throw failure
  }
}

const first = (connections: readonly ByteStream[]): ByteStream | undefined => connections[0]

/** A fault that severs may end the connection only after the run had nothing more to wait for. */
async function traceOf(
  context: SessionContext,
  connection: ByteStream | undefined,
  fault: Fault,
  run: Run<unknown>,
): Promise<ConnectionTrace | null> {
  if (connection === undefined) return null
  if (fault.severs && connection.trace.ending === null && 'result' in run) {
    await connection.watch.until(
      () => (connection.trace.ending === null ? undefined : true),
      context.limits.end,
    )
    if (connection.trace.ending === null) connection.gaveUp()
  }
  return connection.trace
}

function noConnection(run: Run<unknown>): Proof {
  const summary = 'the exchange under the fault opened no connection'
  return { proven: false, summary: 'failure' in run ? `${summary} (${run.failure.name})` : summary }
}
