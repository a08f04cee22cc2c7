import { styleText } from 'node:util'
import { columns, padded, terminalText, wrap } from '#reports/escape/terminal'
import type { ReportOptions } from '#reports/view/options'
import { statusSymbols, verdictSymbols } from '#reports/view/words'
import type { ExpectationStatus } from '#reports/view/words'
import type { Verdict } from '#model/model'

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

const asciiStatus: Readonly<Record<ExpectationStatus, string>> = {
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

export const statusPaint: Readonly<Record<ExpectationStatus, Paint>> = {
  confirmed: 'good',
  refuted: 'bad',
  partly: 'soft',
  'not-measured': 'dim',
}

/** Ids of checks are never broken, and most fit in this many columns. */
const leastWidth = 50

/** The lines of a terminal report. Every text is made harmless first: the only escape sequences are those for colours. */
export class Page {
  readonly width: number
  readonly ascii: boolean
  readonly quiet: boolean
  readonly #colour: boolean
  readonly #lines: string[] = []

  constructor(options: ReportOptions = {}) {
    this.width = Math.max(leastWidth, Math.floor(options.width ?? 80))
    this.ascii = options.ascii ?? false
    this.quiet = options.quiet ?? false
    this.#colour = options.colour ?? false
  }

  /** A text as the terminal may show it. */
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
    return this.ascii ? asciiSymbols[verdict] : verdictSymbols[verdict]
  }

  status(status: ExpectationStatus): string {
    return this.ascii ? asciiStatus[status] : statusSymbols[status]
  }

  /** Adds a line of painted pieces. */
  line(text = ''): void {
    this.#lines.push(text.replace(/ +$/, ''))
  }

  /** One empty line, never two. */
  gap(): void {
    if (this.#lines.length > 0 && this.#lines.at(-1) !== '') this.#lines.push('')
  }

  heading(text: string): void {
    this.gap()
    this.field(0, '', 0, text, 'strong')
  }

  /** A wrapped text after its name: `  expected   the text`. Further lines begin under the text. */
  field(
    indent: number,
    name: string,
    nameWidth: number,
    value: string,
    paint: Paint | null = null,
    namePaint: Paint = 'dim',
  ): void {
    const label = padded(this.text(name), nameWidth)
    const start = indent + (nameWidth === 0 ? 0 : nameWidth + 1)
    for (const [index, line] of wrap(this.text(value), Math.max(10, this.width - start)).entries()) {
      const shownLabel = index === 0 ? this.paint(namePaint, label) : ' '.repeat(nameWidth)
      const before = ' '.repeat(indent) + (nameWidth === 0 ? '' : `${shownLabel} `)
      this.line(before + (paint === null ? line : this.paint(paint, line)))
    }
  }

  /** Pieces that are never broken, on as many lines as they need, separated by spaces. */
  flow(indent: number, pieces: readonly Piece[], hanging = indent): void {
    for (const [index, line] of pack(pieces, [this.width - indent, this.width - hanging]).entries()) {
      this.line(' '.repeat(index === 0 ? indent : hanging) + line)
    }
  }

  /** A piece for `flow`. */
  piece(value: string, paint: Paint | null = null): Piece {
    return {
      text: paint === null ? this.text(value) : this.paint(paint, value),
      width: columns(this.text(value)),
    }
  }

  /** A shell command, broken with backslashes between its words, so that it can be copied from the terminal. */
  command(indent: number, value: string, paint: Paint): void {
    const hanging = indent + 4
    const columnsOfBackslash = 2
    const firstWidth = this.width - indent - columnsOfBackslash
    const otherWidth = this.width - hanging - columnsOfBackslash
    // A flag and its value are on one line if they fit.
    const pieces = shellWords(this.text(value)).flatMap((words) => {
      const together = words.join(' ')
      const parts = columns(together) <= otherWidth ? [together] : words
      return parts.map((text) => ({ text, width: columns(text) }))
    })
    const lines = pack(pieces, [firstWidth, otherWidth])
    for (const [index, line] of lines.entries()) {
      const end = index < lines.length - 1 ? ' \\' : ''
      this.line(' '.repeat(index === 0 ? indent : hanging) + this.paint(paint, `${line}${end}`))
    }
  }

  /** A web address; if it is too long, it is broken before its fragment or after a slash. */
  address(indent: number, value: string): void {
    const hanging = indent + 2
    const pieces = this.text(value)
      .split(/(?=#)/)
      .flatMap((part, index) =>
        columns(part) <= this.width - (index === 0 ? indent : hanging)
          ? [part]
          : part.split(/(?<=[/])(?!\/)/),
      )
      .map((text) => ({ text, width: columns(text) }))
    const lines = pack(pieces, [this.width - indent, this.width - hanging], '')
    for (const [index, line] of lines.entries())
      this.line(' '.repeat(index === 0 ? indent : hanging) + this.paint('link', line))
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

/**
 * Puts as many pieces on a line as fit.
 * @param widths columns of the first line, and of the others.
 */
function pack(
  pieces: readonly Piece[],
  [firstWidth, otherWidth]: readonly [number, number],
  separator = ' ',
): readonly string[] {
  const lines: string[] = []
  let line = ''
  let used = 0
  for (const { text, width } of pieces) {
    const available = lines.length === 0 ? firstWidth : otherWidth
    if (line !== '' && used + separator.length + width > available) {
      lines.push(line)
      line = ''
      used = 0
    }
    used += (line === '' ? 0 : separator.length) + width
    line = line === '' ? text : `${line}${separator}${text}`
  }
  return [...lines, line]
}

/** The words of a command as a shell reads them, each flag with its value. */
function shellWords(command: string): readonly (readonly string[])[] {
  const words = command.match(/(?:\\.|'[^']*'|"[^"]*"|[^\s'"\\])+/g) ?? []
  // A text that is not quoted as Streamproof quotes commands stays as it is.
  if (words.join(' ') !== command) return [[command]]
  const groups: string[][] = []
  for (const word of words) {
    const last = groups.at(-1)
    if (last?.length === 1 && last[0]?.startsWith('-') === true && !word.startsWith('-')) last.push(word)
    else groups.push([word])
  }
  return groups
}
