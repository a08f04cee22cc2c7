import type { CapabilityFinding } from '#model/model'
import type { EventStream, StreamEvent } from '#peers/kit'
import { absent, broken, present } from '#target/discovery/findings'

/** The second stream opens this much later than the first, in ms, so that ids counted per connection differ. */
export const laterMs = 300

/**
 * Whether ids mean the same on two connections. Events that are alike prove it only if they came at about the same time:
 * a server that counts on each connection anew sends the same events, as much later as the second was opened.
 * @param apart by how many ms the second stream was opened later.
 */
export function sharedFinding(first: EventStream, second: EventStream, apart: number): CapabilityFinding {
  if (first === second) return absent('the target does not accept a second stream')
  const others = new Map(second.events.filter(hasId).map((event) => [contentOf(event), event]))
  const pairs = first.events.filter(hasId).flatMap((event) => {
    const other = others.get(contentOf(event))
    return other === undefined ? [] : [{ same: other.id === event.id, lag: Math.abs(other.ms - event.ms) }]
  })
  if (pairs.length === 0) return absent('no event with an id was seen on two connections')
  const same = pairs.filter((pair) => pair.same)
  if (same.length === 0) return absent('two connections see the same event under different ids')
  if (same.length < pairs.length)
    return broken('two connections see some events under the same id, others not')
  return same.some(({ lag }) => lag < apart / 2)
    ? present('two connections see the same event under the same id')
    : absent('each connection gets the same events with the same ids, counted from when it was opened')
}

function hasId({ id }: StreamEvent): boolean {
  return id !== null && id !== ''
}

function contentOf({ type, data }: StreamEvent): string {
  return `${type}\n${data}`
}
