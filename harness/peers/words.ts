import type { Ending } from '../check/model.ts'

const how: Readonly<Record<Ending['how'], string>> = {
  'close-frame': 'by a Close frame',
  fin: 'by FIN',
  rst: 'by RST',
  timeout: 'by silence',
}

const who: Readonly<Record<Ending['by'], string>> = { target: 'the target', us: 'we', link: 'the link' }

/** `the target ended the stream by FIN`. The same words in every run. */
export function endedHow(ending: Ending, what: string): string {
  return `${who[ending.by]} ended ${what} ${how[ending.how]}`
}
