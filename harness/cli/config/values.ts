import { z } from 'zod'
import { suggestion } from '#common/edit-distance'

/**
 * The forms of values that options take: from the text of a flag or of the environment, and from a config file.
 * Messages are the end of a sentence that begins with the option's name; they never repeat a value that may be secret.
 */

/** `a,b` or `['a', 'b']`. */
export const list = z
  .union([z.string(), z.array(z.string())], { error: 'takes text or a list of texts' })
  .transform((value) =>
    (typeof value === 'string' ? value.split(',') : value)
      .map((one) => one.trim())
      .filter((one) => one !== ''),
  )

/** A list of words out of a closed set, in whatever case. */
export function listOf(words: readonly string[]): z.ZodType<readonly string[]> {
  return list.transform((given, context) =>
    given.map((one) => {
      const found = words.find((word) => word.toLowerCase() === one.toLowerCase())
      if (found === undefined) {
        context.addIssue({
          code: 'custom',
          message: `takes ${words.join(', ')}; "${one}" is none${suggestion(one, words)}`,
        })
      }
      return found ?? one
    }),
  )
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** `350ms`, `20s`, `5m`, `1h`: milliseconds. */
export const duration = z
  .string({ error: 'takes a time with its unit, such as 350ms, 20s or 5m' })
  .transform((value, context) => {
    const [, figure, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(value.trim()) ?? []
    if (figure !== undefined && unit !== undefined) return Math.round(Number(figure) * (units[unit] ?? 1))
    context.addIssue({
      code: 'custom',
      message: `takes a time with its unit, such as 350ms, 20s or 5m; "${value}" is none`,
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

/** `Name: value`, a list of such, or an object; checked so that no header can smuggle in another. */
export const headers = z
  .union([z.string(), z.array(z.string()), z.record(z.string(), z.string())], {
    error: 'takes "Name: value", a list of such, or an object',
  })
  .transform((value, context) => {
    // `--header "$STREAMPROOF_HEADER"` is one text of several lines.
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
        context.addIssue({ code: 'custom', message: `holds a character in ${name} that no header may have` })
      }
    }
    return pairs
  })

/** What carries the faults: a word, or the address of a Toxiproxy's API. A name alone is no address, but a slip. */
export const engineChoice = z
  .string({ error: 'takes text' })
  .trim()
  .superRefine((text, context) => {
    if (engineWords.includes(text) || isApi(text)) return
    const hint = `takes ${engineWords.join(', ')}, or the address of a Toxiproxy's API, such as http://127.0.0.1:8474`
    // An address may hold credentials, a word does not.
    const said = /^[\w.-]+$/.test(text) ? `; ${text} is none${suggestion(text, engineWords)}` : ''
    context.addIssue({ code: 'custom', message: `${hint}${said}` })
  })

const engineWords = ['auto', 'embedded', 'toxiproxy']

/** `http://host:port/path`, or `host:port` as Toxiproxy's own command line takes it. */
function isApi(text: string): boolean {
  if (!/^https?:\/\/|:\d+$/i.test(text)) return false
  const whole = text.includes('://') ? text : `http://${text}`
  return URL.canParse(whole) && /^https?:$/.test(new URL(whole).protocol)
}

export const formats = ['terminal', 'json', 'junit', 'html', 'markdown'] as const
export type Format = (typeof formats)[number]

/** One report: its format, and where to. A null path is the format's usual place; `-` is stdout. */
export interface ReportWish {
  readonly format: Format
  readonly path: string | null
}

/** `json`, `json=result.json`, `json=-`. */
export const reportWishes = list.transform((wishes, context) =>
  wishes.map((wish): ReportWish => {
    const [name = '', ...rest] = wish.split('=')
    const format = formats.find((one) => one === name)
    if (format === undefined || (rest.length > 0 && rest.join('=') === '')) {
      context.addIssue({
        code: 'custom',
        message: `takes FORMAT or FORMAT=PATH with one of ${formats.join(', ')}; "${wish}" is none`,
      })
      return { format: 'json', path: null }
    }
    return { format, path: rest.length === 0 ? null : rest.join('=') }
  }),
)
