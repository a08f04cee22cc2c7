import { z } from 'zod'
import { suggestion } from '#common/edit-distance'
import { reportFormats } from '#reports/index'
import type { ReportFormat } from '#reports/index'

/**
 * Parsers for the values of options, given as the text of a flag or variable or as a value of a config file. A message
 * continues a sentence that begins with the name of the option, and never repeats a value that may be a credential.
 */

/** `a,b` or `['a', 'b']`. */
export const list = z
  .union([z.string(), z.array(z.string())], { error: 'takes text or a list of texts' })
  .transform((value) =>
    (typeof value === 'string' ? value.split(',') : value)
      .map((one) => one.trim())
      .filter((one) => one !== ''),
  )

/** A list of words from a closed set, in upper or lower case. */
export function listOf(words: readonly string[]): z.ZodType<readonly string[]> {
  return list.transform((given, context) =>
    given.map((one) => {
      const found = words.find((word) => word.toLowerCase() === one.toLowerCase())
      if (found === undefined) {
        context.addIssue({
          code: 'custom',
          message: `takes ${words.join(', ')}, not "${one}"${suggestion(one, words)}`,
        })
      }
      return found ?? one
    }),
  )
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** `350ms`, `20s`, `5m` or `1h`, as milliseconds. */
export const duration = z
  .string({ error: 'takes a time with its unit, such as 350ms, 20s or 5m' })
  .transform((value, context) => {
    const [, figure, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(value.trim()) ?? []
    if (figure !== undefined && unit !== undefined) return Math.round(Number(figure) * (units[unit] ?? 1))
    context.addIssue({
      code: 'custom',
      message: `takes a time with its unit, such as 350ms, 20s or 5m, not "${value}"`,
    })
    return z.NEVER
  })

export function wholeNumber(least: number, most: number): z.ZodType<number> {
  const error = `takes a whole number from ${least} to ${most}`
  return z.int({ error }).min(least, { error }).max(most, { error })
}

export function number(least: number, most: number): z.ZodType<number> {
  const error = `takes a number from ${least} to ${most}`
  return z.number({ error }).min(least, { error }).max(most, { error })
}

export function oneOf<const Word extends string>(words: readonly Word[]): z.ZodType<Word> {
  return z.enum(words as readonly [Word, ...Word[]], { error: `takes ${words.join(', ')}` })
}

/** `Name: value`, a list of these, or an object. A value with a line break, which would add a header, is rejected. */
export const headers = z
  .union([z.string(), z.array(z.string()), z.record(z.string(), z.string())], {
    error: 'takes "Name: value", a list of these, or an object',
  })
  .transform((value, context) => {
    // The variable STREAMPROOF_HEADER holds one header on each line.
    const lines =
      typeof value === 'string' || Array.isArray(value)
        ? [value].flat().flatMap((text) => text.split('\n'))
        : value
    const pairs = Array.isArray(lines)
      ? lines
          .filter((line) => line.trim() !== '')
          .map((line): [string, string] => {
            const colon = line.indexOf(':')
            return colon < 0
              ? ['', '']
              : [line.slice(0, colon).trim(), line.slice(colon + 1).replaceAll(/^[\t ]+|[\t ]+$/g, '')]
          })
      : Object.entries(lines)
    for (const [name, text] of pairs) {
      if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
        context.addIssue({ code: 'custom', message: 'takes "Name: value"' })
      else if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) {
        context.addIssue({
          code: 'custom',
          message: `has a character in the value of ${name} that is not allowed in a header`,
        })
      }
    }
    return pairs
  })

/** What injects faults: a word, or the URL of a Toxiproxy's API. A host name without a port is taken for a typing error. */
export const engineChoice = z
  .string({ error: 'takes text' })
  .trim()
  .superRefine((text, context) => {
    if (engineWords.includes(text) || isApi(text)) return
    const hint = `takes ${engineWords.join(', ')}, or the URL of a Toxiproxy, such as http://127.0.0.1:8474`
    // A URL may hold credentials; a word does not, so it can be repeated.
    const typed = /^[\w.-]+$/.test(text) ? `, not ${text}${suggestion(text, engineWords)}` : ''
    context.addIssue({ code: 'custom', message: `${hint}${typed}` })
  })

const engineWords = ['auto', 'embedded', 'toxiproxy']

/** `http://host:port/path`, or `host:port` as Toxiproxy's own command line takes it. */
function isApi(text: string): boolean {
  if (!/^https?:\/\/|:\d+$/i.test(text)) return false
  const whole = text.includes('://') ? text : `http://${text}`
  return URL.canParse(whole) && /^https?:$/.test(new URL(whole).protocol)
}

/** A report to write. A null path is the default place of the format; `-` is stdout. */
export interface ReportWish {
  readonly format: ReportFormat
  readonly path: string | null
}

/** `json`, `json=result.json`, `json=-`. */
export const reportWishes = list.transform((wishes, context) =>
  wishes.map((wish): ReportWish => {
    const [name = '', ...rest] = wish.split('=')
    const format = reportFormats.find((known) => known === name)
    if (format === undefined || (rest.length > 0 && rest.join('=') === '')) {
      context.addIssue({
        code: 'custom',
        message: `takes FORMAT or FORMAT=PATH, where FORMAT is ${reportFormats.join(', ')}, not "${wish}"`,
      })
      return { format: 'json', path: null }
    }
    return { format, path: rest.length === 0 ? null : rest.join('=') }
  }),
)
