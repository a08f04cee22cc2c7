import type { WriteStream } from 'node:tty'
import { wrap } from '#reports/escape/terminal'
import { visible } from '#reports/escape/visible'
import { folded } from './layout.ts'

/** What decides whether the result is coloured. */
export interface ColourSettings {
  /** The value of `--color`. */
  readonly choice: 'auto' | 'always' | 'never'
  readonly env: Readonly<Record<string, string | undefined>>
  readonly isTTY: boolean
}

/** `--color` decides, else NO_COLOR and FORCE_COLOR, else whether the output is a terminal. */
export function usesColour({ choice, env, isTTY }: ColourSettings): boolean {
  if (choice !== 'auto') return choice === 'always'
  if ((env['NO_COLOR'] ?? '') !== '') return false
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  return isTTY && env['TERM'] !== 'dumb'
}

/** The text on one line, with a visible escape for every character that could control a terminal. */
export function oneLine(text: string): string {
  return visible(text.replaceAll(/\s*\r?\n\s*/g, ' '))
}

type Output = Pick<WriteStream, 'write' | 'on'> & { readonly isTTY?: boolean; readonly columns?: number }

/** A terminal that does not know its width reports 0 columns. */
function widthOf({ columns = 0 }: Output): number {
  return columns >= 20 ? columns : 80
}

/**
 * The two outputs: the result goes to stdout, progress and diagnostics to stderr. If the reader of stdout exits
 * (`| head`), that is no error: the rest of the result is dropped, and files are still written.
 */
export class Terminal {
  readonly #out: Output
  readonly #err: Output
  #outClosed = false
  #progress = ''
  #mask: (text: string) => string = (text) => text
  quiet = false

  constructor(out: Output = process.stdout, err: Output = process.stderr) {
    this.#out = out
    this.#err = err
    out.on('error', () => {
      this.#outClosed = true
    })
    err.on('error', () => {
      this.quiet = true
    })
  }

  /** Sets the function that removes credentials from every line on stderr. */
  maskWith(mask: (text: string) => string): void {
    this.#mask = mask
  }

  get resultIsTTY(): boolean {
    return this.#out.isTTY === true
  }

  get progressIsTTY(): boolean {
    return this.#err.isTTY === true
  }

  /** Columns of the result. */
  get width(): number {
    return widthOf(this.#out)
  }

  /** Columns of lists. Unlimited if stdout is not a terminal, so that `grep` finds whole lines. */
  get listWidth(): number {
    return this.resultIsTTY ? this.width : Infinity
  }

  /** Prints a part of the result. */
  print(text: string): void {
    this.clearProgress()
    if (!this.#outClosed) this.#out.write(text.endsWith('\n') ? text : `${text}\n`)
  }

  /** Prints one line of diagnostics; a terminal shows it wrapped to its width. */
  diagnose(text: string): void {
    this.clearProgress()
    const width = this.progressIsTTY ? widthOf(this.#err) : Infinity
    const [first = '', ...others] = folded(`streamproof: ${oneLine(this.#mask(text))}`, width)
    const rest = others.flatMap((line) => folded(line, width - 2)).map((line) => `\n  ${line}`)
    this.#err.write(`${first}${rest.join('')}\n`)
  }

  /** Prints help on stderr, after a usage error. */
  printHelp(text: string): void {
    this.clearProgress()
    this.#err.write(text)
  }

  /** Like `diagnose`, but silent with `--quiet` and on a terminal, whose progress line shows as much. */
  note(text: string): void {
    if (!this.quiet && !this.progressIsTTY) this.diagnose(text)
  }

  /** The text without the credentials that are known. */
  masked(text: string): string {
    return this.#mask(text)
  }

  /** Replaces the progress line, which only a terminal has. */
  progress(text: string): void {
    if (this.quiet || !this.progressIsTTY) return
    const [line = ''] = wrap(oneLine(this.#mask(text)), widthOf(this.#err) - 1)
    if (line === this.#progress) return
    this.#err.write(`\r\u001b[K${line}`)
    this.#progress = line
  }

  clearProgress(): void {
    if (this.#progress === '') return
    this.#err.write('\r\u001b[K')
    this.#progress = ''
  }
}
