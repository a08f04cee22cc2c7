import type { LinkDown, OutageTrace, Proof } from '#proxies/types'
import { notProven, proven, requireCount, timerToleranceMs } from './fault.ts'

/**
 * The link is down for at least `ms`: it ends every connection and refuses new ones, then accepts connections again. No
 * toxic does that: the proxy is disabled and enabled. `Outage` carries it out and records the trace that proves it.
 * @throws RangeError unless `ms` is a whole number, 0 or more.
 */
export function linkDown({ ms }: { readonly ms: number }): LinkDown {
  requireCount('link-down', 'ms', ms)
  return {
    name: 'link-down',
    direction: 'both',
    settings: { ms },
    prove: (trace) => prove(trace, ms),
  }
}

function prove({ wasOpen, ended, attempts, afterRestore }: OutageTrace, ms: number): Proof {
  if (!wasOpen) return notProven('no connection was open that the proxy could have ended')
  if (!ended) return notProven('the proxy did not end the connection when the link went down')
  if (attempts.some(({ outcome }) => outcome === 'accepted'))
    return notProven('the proxy accepted a connection while the link was down')
  const [first, last] = [attempts[0], attempts.at(-1)]
  if (first === undefined || last === undefined || attempts.some(({ outcome }) => outcome !== 'refused'))
    return notProven('no new connection was refused')
  // It was down when the first attempt was refused, and still down when the last one began.
  const downMs = last.fromMs - first.toMs
  if (downMs < ms - timerToleranceMs)
    return notProven('the link was not observed to be down for the whole duration of the fault')
  if (afterRestore !== 'accepted')
    return notProven('the proxy accepted no connection after the link came up again')
  return proven(
    'the proxy ended the open connection and refused new ones for at least the duration of the fault, then accepted one again',
    { downMs, refused: attempts.length },
  )
}
