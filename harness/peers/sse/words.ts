import type { Ending } from '#model/model'
import type { StreamEvent } from '#peers/kit'

const who: Readonly<Record<Ending['by'], string>> = {
  target: 'the target',
  harness: 'the harness',
  proxy: 'the link',
}

const how: Readonly<Record<Ending['how'], string>> = {
  'close-frame': 'by a Close frame',
  fin: 'by FIN',
  rst: 'by RST',
  timeout: 'by silence',
}

/** `the target ended the stream by FIN`: the same text in every run. */
export function endedHow(ending: Ending, what: string): string {
  return `${who[ending.by]} ended ${what} ${how[ending.how]}`
}

/** `event "message", id "4", 12 characters of data`, cut off if it is long. */
export function eventInWords({ type, id, data }: StreamEvent): string {
  const name = type.length > 40 ? `${type.slice(0, 40)}..` : type
  const cursor = id === null ? 'no id' : `id ${JSON.stringify(id.slice(0, 40))}`
  return `event ${JSON.stringify(name)}, ${cursor}, ${data.length} characters of data`
}
