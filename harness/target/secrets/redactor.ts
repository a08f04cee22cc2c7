import type { Redactor } from '#peers/session/session'
import type { AnyContract } from '#target/contract/contract'
import type { ProtocolModule } from '#target/protocol'
import { secretsOf } from './collect.ts'
import type { SecretSources, Secrets } from './collect.ts'

const mark = '[redacted]'

/** Makes the redactor that hides every credential of a contract. */
export function contractRedactor<Kit>(
  protocols: readonly ProtocolModule<Kit>[],
  contract: AnyContract,
): Redactor {
  const own = protocols.map((protocol) => protocol.secrets(contract))
  const all = <Key extends keyof SecretSources>(key: Key): SecretSources[Key] =>
    own.flatMap((sources): readonly unknown[] => sources[key] ?? []) as unknown as SecretSources[Key]
  return redactorOf(
    secretsOf({
      targetUrls: [
        ...all('targetUrls'),
        ...Object.values(contract.secureUrl ?? {}),
        ...Object.values(contract.plainUrl ?? {}),
      ],
      otherUrls: all('otherUrls'),
      headers: [contract.headers, ...all('headers')],
      bodies: all('bodies'),
      texts: all('texts'),
      publicNames: all('publicNames'),
    }),
  )
}

/**
 * Hides secrets raw, percent-encoded, JSON-escaped, in base64 and base64url at each of the three alignments, and in
 * hexadecimal. In text a mark replaces them. In bytes and in hexadecimal one star replaces each byte, so that lengths
 * and offsets stay correct.
 */
function redactorOf(secrets: Secrets): Redactor {
  const plain = new Set<string>()
  const hex = new Set<string>()
  for (const secret of secrets.values) {
    for (const form of plainForms(secret)) plain.add(form)
    for (const form of plainForms(secret)) hex.add(hexOf(form))
  }
  const short = secrets.short.flatMap(({ before, value }) =>
    [before, before.toLowerCase()].map((lead) => ({ before: lead, value })),
  )
  if (plain.size === 0 && short.length === 0) return { text: (value) => value, bytes: (value) => value }
  const inHex = alternatives([...hex], 'gi')
  const shortInHex = alternatives(
    short.map(({ before, value }) => hexOf(`${before}${value}`)),
    'gi',
  )
  const inText = alternatives([...plain], 'g')
  const shortInText = alternatives(
    short.map(({ before, value }) => `${before}${value}`),
    'gi',
    '(?![0-9A-Za-z])',
  )
  const announcementLength = (found: string): number =>
    Math.max(
      ...short
        .filter(({ before }) => found.toLowerCase().startsWith(before.toLowerCase()))
        .map(({ before }) => before.length),
    )
  const inBytes = alternatives([...plain].map(latin1), 'g')
  const shortInBytes = alternatives(
    short.map(({ before, value }) => latin1(`${before}${value}`)),
    'gi',
    '(?![0-9A-Za-z])',
  )
  return {
    text: (value) =>
      value
        .replace(inText, mark)
        .replace(shortInText, (found) => `${found.slice(0, announcementLength(found))}${mark}`)
        .replace(inHex, hexStars)
        .replace(shortInHex, hexStars),
    bytes(value) {
      const text = Buffer.from(value).toString('latin1')
      const changed = text
        .replace(inBytes, stars)
        .replace(
          shortInBytes,
          (found) =>
            found.slice(0, announcementLength(found)) + stars(found.slice(announcementLength(found))),
        )
        .replace(inHex, hexStars)
      return changed === text ? value : new Uint8Array(Buffer.from(changed, 'latin1'))
    },
  }
}

/** The encodings of a secret that are searched for, without hexadecimal. Forms of fewer than 4 characters are left out. */
function plainForms(secret: string): string[] {
  const forms = [
    secret,
    ...percentForms(secret),
    JSON.stringify(secret).slice(1, -1),
    secret.replaceAll('/', '\\/'),
  ]
  const bytes = Buffer.from(secret, 'utf8')
  forms.push(bytes.toString('base64'), bytes.toString('base64url'))
  for (const shift of [0, 1, 2]) {
    // The first characters depend on the `shift` bytes before the secret, the last ones on the bytes after it.
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')
    const from = Math.ceil((shift * 8) / 6)
    const to = Math.floor(((shift + bytes.length) * 8) / 6)
    const certain = encoded.slice(from, to)
    if (certain.length >= 4)
      forms.push(certain, certain.replaceAll('+', '-').replaceAll('/', '_'), encodeURIComponent(certain))
  }
  return [...new Set(forms)].filter((form) => form.length >= 4)
}

function percentForms(secret: string): string[] {
  // A lone surrogate has no percent-encoding.
  const whole = encodeURIComponent(secret.toWellFormed())
  const lower = whole.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())
  const strict = whole.replaceAll(/[!'()*~]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
  return [
    whole,
    lower,
    strict,
    whole.replaceAll('%20', '+'),
    lower.replaceAll('%20', '+'),
    encodeURI(secret.toWellFormed()),
  ]
}

function hexOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('hex')
}

/** The UTF-8 bytes of a text, one character each. */
function latin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** Matches any of these, the longest first; without needles it matches nothing. */
function alternatives(needles: readonly string[], flags: string, lookahead = ''): RegExp {
  if (needles.length === 0) return /(?!)/
  const longestFirst = [...new Set(needles)].toSorted((a, b) => b.length - a.length)
  return new RegExp(
    `(?:${longestFirst.map((one) => one.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|')})${lookahead}`,
    flags,
  )
}

function stars(found: string): string {
  return '*'.repeat(found.length)
}

function hexStars(found: string): string {
  return '2a'.repeat(found.length / 2)
}
