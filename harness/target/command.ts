import type { Contract } from './contract.ts'
import { headerList } from './headers.ts'
import { holdsSecrets } from './url.ts'

/**
 * The start of a command that repeats a check against this target. What may be secret is the name of an environment
 * variable instead: the one from which the tool takes that option. `more`: further words, put behind as they are.
 */
export function commandFor(contract: Contract, more: readonly string[] = []): string {
  const words = ['streamproof', 'run']
  for (const key of ['ws', 'sse'] as const) {
    const given = contract[key]
    if (given === undefined) continue
    const secret = !URL.canParse(given) || holdsSecrets(new URL(given))
    words.push(`--${key}`, secret ? `"$STREAMPROOF_${key.toUpperCase()}"` : quoted(given))
  }
  if (headerList(contract.headers).length > 0) words.push('--header', '"$STREAMPROOF_HEADER"')
  if ((contract.subprotocols ?? []).length > 0) words.push('--subprotocol', '"$STREAMPROOF_SUBPROTOCOL"')
  if (contract.publish !== undefined) words.push('--publish-url', '"$STREAMPROOF_PUBLISH_URL"')
  if (contract.allowedOrigin !== undefined) words.push('--allowed-origin', quoted(contract.allowedOrigin))
  if (contract.deniedOrigin !== undefined) words.push('--denied-origin', quoted(contract.deniedOrigin))
  if (contract.insecure === true) words.push('--insecure')
  return [...words, ...more].join(' ')
}

/** A word that a shell takes as it is, or in single quotes. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
