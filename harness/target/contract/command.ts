import type { ProtocolModule } from '#target/protocol'
import type { AnyContract } from './contract.ts'
import { headerList } from './headers.ts'
import { holdsSecrets } from '#common/url'

/**
 * The start of the command that repeats a check against this target. An option whose value may hold credentials is
 * given as the environment variable that the tool reads for it; subprotocols are public.
 * @param more further words, appended as they are.
 */
export function contractCommand<Kit>(
  protocols: readonly ProtocolModule<Kit>[],
  contract: AnyContract,
  more: readonly string[] = [],
): string {
  const own = protocols.map((protocol) => protocol.words(contract))
  const words = ['streamproof', 'run', ...own.flatMap(({ target }) => target)]
  if (headerList(contract.headers).length > 0) words.push('--header', '"$STREAMPROOF_HEADER"')
  words.push(...own.flatMap(({ further }) => further))
  if (contract.allowedOrigin !== undefined) words.push('--allowed-origin', quoted(contract.allowedOrigin))
  if (contract.deniedOrigin !== undefined) words.push('--denied-origin', quoted(contract.deniedOrigin))
  if (contract.insecure === true) words.push('--insecure')
  return [...words, ...more].join(' ')
}

/** The words that name a target: its URL, or the environment variable for it where the URL may hold credentials. */
export function targetWords(prefix: string, url: string): string[] {
  const secret = !URL.canParse(url) || holdsSecrets(new URL(url))
  return [`--${prefix}`, secret ? `"$STREAMPROOF_${prefix.toUpperCase()}"` : quoted(url)]
}

/** The options that can change a verdict besides the target: how faults are injected, and how long waits are. */
export interface Conditions {
  readonly proxy?: string | undefined
  readonly proxyListen?: string | null | undefined
  readonly proxyAdvertise?: string | null | undefined
  readonly proxyUpstream?: string | null | undefined
  readonly timeoutScale?: number | undefined
}

/**
 * The words for these conditions, for `commandFor`. Options that have their default value are left out.
 * @param env the environment variable that is named in place of an engine address that may hold credentials.
 */
export function conditionWords(given: Conditions, env = 'STREAMPROOF_PROXY'): string[] {
  const words: string[] = []
  const { proxy = 'auto', timeoutScale = 1 } = given
  if (proxy !== 'auto') words.push('--proxy', isPublic(proxy) ? quoted(proxy) : `"$${env}"`)
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

/** True for a word, `host:port`, or a URL without credentials. */
function isPublic(engine: string): boolean {
  if (!engine.includes('://')) return !/[@?]/.test(engine)
  return URL.canParse(engine) && !holdsSecrets(new URL(engine))
}

/** The word as a POSIX shell reads it: unchanged if that is safe, else in single quotes. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
