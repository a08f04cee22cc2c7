import type { LinkDown, OutageTrace, Proof } from '#proxies/types'
import { grain, missed, struck, whole } from './fault.ts'

/**
 * The link is down for at least `ms`: it ends every connection and takes none, then takes connections again. No toxic:
 * the proxy is disabled and enabled. `Outage` carries it out, and sees what proves it.
 */
export function linkDown({ ms }: { readonly ms: number }): LinkDown {
  whole('link-down', 'ms', ms)
  return {
    name: 'link-down',
    direction: 'both',
    settings: { ms },
    prove: (seen) => prove(seen, ms),
  }
}

function prove(seen: OutageTrace, ms: number): Proof {
  const { stood, ended, tries, after } = seen
  if (!stood) return missed('no connection stood that the link could have ended')
  if (!ended) return missed('the link did not end the connection when it went down')
  if (tries.some(({ outcome }) => outcome === 'taken'))
    return missed('the link took a connection while it was down')
  const [first, last] = [tries[0], tries.at(-1)]
  if (first === undefined || last === undefined || tries.some(({ outcome }) => outcome !== 'refused'))
    return missed('no new connection was seen to be refused')
  // It was down when the first was refused, and still when the last one was begun.
  const downMs = last.fromMs - first.toMs
  if (downMs < ms - grain) return missed('the link was not seen to be down for as long as it was told')
  if (after !== 'taken') return missed('the link took no connection when it came up again')
  return struck(
    'the connection stood until the link went down and ended it; new ones were refused for at least the time told, then taken again',
    { downMs, refused: tries.length },
  )
}
