import { join, resolve } from 'node:path'
import type { Report } from '#model/result'
import { UsageError } from '#model/errors'
import { formats, reportFormats } from '#reports/index'
import type { ReportFormat } from '#reports/index'
import { prepareFile, removeEmpty, writeWhole } from './files.ts'
import type { Options } from '#cli/config/options'
import { usesColour } from './terminal.ts'
import type { Terminal } from './terminal.ts'

/** Default file name of each format; `-` is stdout. */
const defaultNames: Readonly<Record<ReportFormat, string>> = {
  terminal: '-',
  json: 'report.json',
  junit: 'junit.xml',
  html: 'index.html',
  markdown: 'report.md',
}

/** A report and its path; a null path is stdout. */
interface Output {
  readonly format: ReportFormat
  readonly path: string | null
}

/** The reports of a run. */
export interface Outputs {
  /** Paths of the files, as the user gave them. */
  readonly files: readonly string[]
  write(report: Report): void
  /** Removes folders that were created for files which were not written. */
  close(): void
}

/**
 * Decides where each report goes, and makes sure before the run that it can be written there. The terminal report is
 * printed unless another report goes to stdout.
 * @throws UsageError if two reports have the same destination, or a file cannot be written.
 */
export function openOutputs(
  options: Options,
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
  terminal: Terminal,
): Outputs {
  const wanted =
    options.report.length > 0
      ? options.report
      : reportFormats.filter((format) => format !== 'terminal').map((format) => ({ format, path: null }))
  const outputs = wanted.map(({ format, path }): Output => {
    const name = path ?? defaultNames[format]
    if (name === '-') return { format, path: null }
    return { format, path: path === null ? join(options.out, name) : path }
  })
  const toStdout = outputs.filter(({ path }) => path === null)
  if (toStdout.length > 1)
    throw new UsageError('--report sends more than one report to stdout; give each of the others a path')
  if (toStdout.length === 0) outputs.unshift({ format: 'terminal', path: null })
  const files = outputs.flatMap(({ path }) => (path === null ? [] : [path]))
  const places = files.map((path) => resolve(folder, path))
  const twice = files.find((_, index) => places.indexOf(places[index] ?? '') !== index)
  if (twice !== undefined)
    throw new UsageError(`--report writes two reports to ${twice}; give each its own path`)
  const createdFolders = files.flatMap((path) =>
    prepareFile(resolve(folder, path), path.startsWith(options.out) ? '--out' : '--report FORMAT=PATH'),
  )
  return {
    files,
    close: () => removeEmpty(createdFolders),
    write(report) {
      for (const { format, path } of outputs) {
        const text = formats[format](report, {
          colour: path === null && usesColour({ choice: options.color, env, isTTY: terminal.resultIsTTY }),
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
