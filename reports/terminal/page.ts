import { styleText } from 'node:util'
import { columns, padded, terminalText, wrap } from '#reports/escape/terminal'
import type { ReportOptions } from '#reports/view/options'
import { expectationSymbols, symbols } from '#reports/view/words'
import type { Verdict } from '#model/model'
import type { ExpectationResult } from '#model/result'

export type Paint = 'good' | 'bad' | 'soft' | 'calm' | 'dim' | 'strong' | 'link'

const styles = {
  good: 'green',
  bad: ['red', 'bold'],
  soft: 'yellow',
  calm: 'cyan',
  dim: 'dim',
  strong: 'bold',
  link: ['cyan', 'underline'],
} as const satisfies Record<Paint, Parameters<typeof styleText>[0]>

const asciiSymbols: Readonly<Record<Verdict, string>> = {
  pass: '+',
  fail: 'x',
  warn: '!',
  notice: 'i',
  'not-applicable': '-',
  blocked: '#',
  inconclusive: '?',
  'harness-error': 'E',
}

const asciiStatus: Readonly<Record<ExpectationResult['status'], string>> = {
  confirmed: '+',
  refuted: 'x',
  partly: '~',
  'not-measured': '-',
}

export const verdictPaint: Readonly<Record<Verdict, Paint>> = {
  pass: 'good',
  fail: 'bad',
  warn: 'soft',
  notice: 'calm',
  'not-applicable': 'dim',
  blocked: 'soft',
  inconclusive: 'soft',
  'harness-error': 'bad',
}

export const statusPaint: Readonly<Record<ExpectationResult['status'], Paint>> = {
  confirmed: 'good',
  refuted: 'bad',
  partly: 'soft',
  'not-measured': 'dim',
}

/** Names of checks are not broken: nothing below this can hold one. */
const narrowest = 50

/** Lines of a terminal: every text is cleaned before it is painted or measured, so that only our escapes are sent. */
export class Page {
  readonly width: number
  readonly ascii: boolean
  readonly quiet: boolean
  readonly #colour: boolean
  readonly #lines: string[] = []

  constructor(options: ReportOptions = {}) {
    this.width = Math.max(narrowest, Math.floor(options.width ?? 80))
    this.ascii = options.ascii ?? false
    this.quiet = options.quiet ?? false
    this.#colour = options.colour ?? false
  }

  /** Cleans a field. */
  text(value: string): string {
    return terminalText(value, this.ascii)
  }

  paint(paint: Paint, value: string): string {
    const clean = this.text(value)
    if (!this.#colour || clean === '') return clean
    // The caller has decided on colours: nothing is to be asked of a stream.
    return styleText(styles[paint], clean, { validateStream: false })
  }

  symbol(verdict: Verdict): string {
    return this.ascii ? asciiSymbols[verdict] : symbols[verdict]
  }

  status(status: ExpectationResult['status']): string {
    return this.ascii ? asciiStatus[status] : expectationSymbols[status]
  }

  /** Adds a line that is made of painted pieces already. */
  line(made = ''): void {
    this.#lines.push(made.replace(/ +$/, ''))
  }

  /** One empty line, never two. */
  gap(): void {
    if (this.#lines.length > 0 && this.#lines.at(-1) !== '') this.#lines.push('')
  }

  heading(text: string): void {
    this.gap()
    this.field(0, '', 0, text, 'strong')
  }

  /** A wrapped text behind a name: `  expected   the text`, continued under its beginning. */
  field(
    indent: number,
    name: string,
    nameWidth: number,
    value: string,
    paint: Paint | null = null,
    namePaint: Paint = 'dim',
  ): void {
    const label = padded(this.text(name), nameWidth)
    const at = indent + (nameWidth === 0 ? 0 : nameWidth + 1)
    for (const [index, part] of wrap(this.text(value), Math.max(10, this.width - at)).entries()) {
      const before =
        ' '.repeat(indent) +
        (nameWidth === 0 ? '' : `${index === 0 ? this.paint(namePaint, label) : ' '.repeat(nameWidth)} `)
      this.line(before + (paint === null ? part : this.paint(paint, part)))
    }
  }

  /** Pieces that are never broken, put on as many lines as they need, a space between them. */
  flow(indent: number, pieces: readonly Piece[], hanging = indent): void {
    for (const [index, line] of packed(pieces, [this.width - indent, this.width - hanging]).entries()) {
      this.line(' '.repeat(index === 0 ? indent : hanging) + line)
    }
  }

  /** A piece for `flow`: its words in a colour. */
  piece(value: string, paint: Paint | null = null): Piece {
    return {
      text: paint === null ? this.text(value) : this.paint(paint, value),
      width: columns(this.text(value)),
    }
  }

  /** A shell command: broken where a shell takes a backslash for a space, so that it can be copied as it stands. */
  command(indent: number, value: string, paint: Paint): void {
    const hanging = indent + 4
    // Two columns are for the backslash. A flag stays with its value where there is room for both.
    const room = [this.width - indent - 2, this.width - hanging - 2] as const
    const words = shellWords(this.text(value)).flatMap((word) => {
      const parts = columns(word.join(' ')) <= room[1] ? [word.join(' ')] : word
      return parts.map((text) => ({ text, width: columns(text) }))
    })
    const lines = packed(words, room)
    for (const [index, line] of lines.entries()) {
      const end = index < lines.length - 1 ? ' \\' : ''
      this.line(' '.repeat(index === 0 ? indent : hanging) + this.paint(paint, `${line}${end}`))
    }
  }

  /** An address of the web: broken before its fragment, or behind a slash, where it is too long. */
  address(indent: number, value: string): void {
    const parts = this.text(value).split(/(?=#)/)
    const pieces = parts.flatMap((part, index) =>
      columns(part) <= this.width - indent - (index === 0 ? 0 : 2) ? [part] : part.split(/(?<=[/])(?!\/)/),
    )
    const made = packed(
      pieces.map((text) => ({ text, width: columns(text) })),
      [this.width - indent, this.width - indent - 2],
      '',
    )
    for (const [index, line] of made.entries()) {
      this.line(' '.repeat(index === 0 ? indent : indent + 2) + this.paint('link', line))
    }
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`
  }
}

/** Painted text, and the columns that it takes. */
export interface Piece {
  readonly text: string
  readonly width: number
}

/** As many pieces to a line as there is room for: in the first line, in those that follow. */
function packed(
  pieces: readonly Piece[],
  [first, others]: readonly [number, number],
  between = ' ',
): readonly string[] {
  const lines: string[] = []
  let line = ''
  let used = 0
  for (const { text, width } of pieces) {
    const room = lines.length === 0 ? first : others
    if (line !== '' && used + between.length + width > room) {
      lines.push(line)
      line = ''
      used = 0
    }
    used += (line === '' ? 0 : between.length) + width
    line = line === '' ? text : `${line}${between}${text}`
  }
  return [...lines, line]
}

/** Words of a command as a shell reads them, a flag together with its value. */
function shellWords(command: string): readonly (readonly string[])[] {
  const words = command.match(/(?:\\.|'[^']*'|"[^"]*"|[^\s'"\\])+/g) ?? []
  // What is not written as we write commands is left alone.
  if (words.join(' ') !== command) return [[command]]
  const groups: string[][] = []
  for (const word of words) {
    const last = groups.at(-1)
    if (last?.length === 1 && last[0]?.startsWith('-') === true && !word.startsWith('-')) last.push(word)
    else groups.push([word])
  }
  return groups
}
