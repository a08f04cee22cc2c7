import { join, resolve } from 'node:path'
import type { Report } from '#model/result'
import { UsageError } from '#model/errors'
import { formats } from '#reports/index'
import { prepareFile, removeEmpty, writeWhole } from './files.ts'
import type { Options } from '#cli/config/options'
import { colourful } from './terminal.ts'
import type { Terminal } from './terminal.ts'
import type { Format } from '#cli/config/values'

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
  /** Takes the folders away that were made for files, where nothing was written. */
  close(): void
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
  if (toResult.length === 0) outputs.unshift({ format: 'terminal', path: null })
  const files = outputs.flatMap(({ path }) => (path === null ? [] : [path]))
  const places = files.map((path) => resolve(folder, path))
  const twice = files.find((_, index) => places.indexOf(places[index] ?? '') !== index)
  if (twice !== undefined)
    throw new UsageError(`--report writes two reports to ${twice}; give each a path of its own`)
  const made = files.flatMap((path) =>
    prepareFile(resolve(folder, path), path.startsWith(options.out) ? '--out' : '--report FORMAT=PATH'),
  )
  return {
    files,
    close: () => removeEmpty(made),
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
