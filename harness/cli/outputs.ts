import { join, resolve } from 'node:path'
import type { Report } from '../check/result.ts'
import { UsageError } from '../check/errors.ts'
import { formats } from '../../reports/index.ts'
import { prepareFile, writeWhole } from './files.ts'
import type { Options } from './options.ts'
import { colourful } from './terminal.ts'
import type { Terminal } from './terminal.ts'
import type { Format } from './values.ts'

/** The usual name of each format's file. The terminal's text goes to stdout unless a path is given. */
const names: Readonly<Record<Format, string>> = {
  terminal: '-',
  json: 'report.json',
  junit: 'junit.xml',
  html: 'index.html',
  markdown: 'report.md',
}

/** One report and where it goes; a null path is stdout. */
interface Output {
  readonly format: Format
  readonly path: string | null
}

/** Where the reports of a run go. */
export interface Outputs {
  /** Paths of the files, as the user would call them. */
  readonly files: readonly string[]
  write(report: Report): void
}

/**
 * Decides where each report goes, and proves that it can go there before the run spends its time. The terminal's
 * report is printed unless another one was sent to stdout.
 */
export function openOutputs(
  options: Options,
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
  terminal: Terminal,
): Outputs {
  const wishes =
    options.report.length > 0
      ? options.report
      : (['json', 'junit', 'html', 'markdown'] as const).map((format) => ({ format, path: null }))
  const outputs = wishes.map(({ format, path }): Output => {
    const name = path ?? names[format]
    if (name === '-') return { format, path: null }
    return { format, path: path === null ? join(options.out, name) : path }
  })
  const toResult = outputs.filter(({ path }) => path === null)
  if (toResult.length > 1)
    throw new UsageError('--report sends more than one report to stdout; give the others a path')
  const twice = outputs.find(({ path }, index) =>
    outputs.some((other, at) => at < index && path !== null && samePlace(folder, path, other.path)),
  )
  if (twice !== undefined)
    throw new UsageError(`--report writes two reports to ${twice.path}; give each a path of its own`)
  if (toResult.length === 0) outputs.unshift({ format: 'terminal', path: null })
  for (const { path } of outputs) {
    if (path !== null)
      prepareFile(resolve(folder, path), path.startsWith(options.out) ? '--out' : '--report FORMAT=PATH')
  }
  return {
    files: outputs.flatMap(({ path }) => (path === null ? [] : [path])),
    write(report) {
      for (const { format, path } of outputs) {
        const text = formats[format](report, {
          colour: path === null && colourful({ wish: options.color, env, isTTY: terminal.resultIsTTY }),
          ascii: options.ascii,
          width: terminal.width,
          quiet: options.quiet,
        })
        if (path === null) terminal.print(text)
        else writeWhole(resolve(folder, path), text)
      }
    },
  }
}

const samePlace = (folder: string, one: string, other: string | null): boolean =>
  other !== null && resolve(folder, one) === resolve(folder, other)
