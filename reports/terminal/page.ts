import { padded, terminalText, wrap } from '../escape/terminal.ts'
import type { ReportOptions } from '../options.ts'
import type { VerdictWord } from '../words.ts'
import { expectationSymbols, symbols } from '../words.ts'
import type { ExpectationResult } from '../../harness/check/result.ts'

export type Paint = 'good' | 'bad' | 'soft' | 'calm' | 'dim' | 'strong' | 'link'

const sequences: Readonly<Record<Paint, string>> = {
  good: '32',
  bad: '31;1',
  soft: '33',
  calm: '36',
  dim: '2',
  strong: '1',
  link: '4;36',
}

const asciiSymbols: Readonly<Record<VerdictWord, string>> = {
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

export const verdictPaint: Readonly<Record<VerdictWord, Paint>> = {
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

/** Lines of a terminal: every text is cleaned before it is painted or measured, so that only our escapes are sent. */
export class Page {
  readonly width: number
  readonly ascii: boolean
  readonly quiet: boolean
  readonly verbose: boolean
  readonly #colour: boolean
  readonly #lines: string[] = []

  constructor(options: ReportOptions = {}) {
    this.width = Math.max(74, Math.floor(options.width ?? 80))
    this.ascii = options.ascii ?? false
    this.quiet = options.quiet ?? false
    this.verbose = options.verbose ?? false
    this.#colour = options.colour ?? false
  }

  /** Cleans a field. */
  text(value: string): string {
    return terminalText(value, this.ascii)
  }

  paint(paint: Paint, value: string): string {
    const clean = this.text(value)
    return this.#colour && clean !== '' ? `\u001b[${sequences[paint]}m${clean}\u001b[0m` : clean
  }

  symbol(verdict: VerdictWord): string {
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
    this.line(this.paint('strong', text))
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

  /** A text that is copied whole, such as a command: left to the terminal to wrap. */
  verbatim(indent: number, value: string, paint: Paint | null = null): void {
    this.line(' '.repeat(indent) + (paint === null ? this.text(value) : this.paint(paint, value)))
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`
  }
}
