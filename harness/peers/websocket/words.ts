import type { Ending } from '#model/model'

const words = {
  fin: 'TCP FIN',
  rst: 'TCP RST',
  timeout: 'TCP timeout',
  'close-frame': 'a Close frame',
} as const

/** `the target ended the connection (TCP FIN, without a Close frame)`. */
export function endingWords(ending: Ending | null): string | null {
  if (ending === null) return null
  return `the ${ending.by === 'proxy' ? 'proxy' : 'target'} ended the connection (${words[ending.how]}, without a Close frame)`
}

/** Codes that an endpoint may send in a Close frame (RFC 6455 7.4). */
export function isSendable(code: number): boolean {
  return (
    (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999)
  )
}
