import type { Contract } from './contract.ts'
import { headerList } from './headers.ts'
import { holdsSecrets } from '#common/url'

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

/** What decides a verdict besides the target: how its link is made, and how long it is waited for. */
export interface Conditions {
  readonly proxy?: string | undefined
  readonly proxyListen?: string | null | undefined
  readonly proxyAdvertise?: string | null | undefined
  readonly proxyUpstream?: string | null | undefined
  readonly timeoutScale?: number | undefined
}

/**
 * The words for these, as `commandFor` takes them; what is as usual needs none.
 * @param env the variable that stands for an engine's address with credentials in it.
 */
export function conditionWords(given: Conditions, env = 'STREAMPROOF_PROXY'): string[] {
  const words: string[] = []
  const { proxy = 'auto', timeoutScale = 1 } = given
  if (proxy !== 'auto') words.push('--proxy', isOpen(proxy) ? quoted(proxy) : `"$${env}"`)
  for (const [flag, value] of [
    ['--proxy-listen', given.proxyListen],
    ['--proxy-advertise', given.proxyAdvertise],
    ['--proxy-upstream', given.proxyUpstream],
  ] as const) {
    if (value !== null && value !== undefined) words.push(flag, quoted(value))
  }
  if (timeoutScale !== 1) words.push('--timeout-scale', String(timeoutScale))
  return words
}

/** A word, `host:port`, or a URL without credentials. */
function isOpen(engine: string): boolean {
  if (!engine.includes('://')) return !/[@?]/.test(engine)
  return URL.canParse(engine) && !holdsSecrets(new URL(engine))
}

/** A word that a shell takes as it is, or in single quotes. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
