import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { clauseName, clauseUrl } from '#model/clause'
import { UsageError } from '#model/errors'
import { fallenVerdict } from '#model/judge'
import type { PlacedCheck } from '#model/catalogue'
import type { Capability } from '#model/model'
import { reportSchema } from '#model/result'
import type { Result } from '#model/result'
import { mutantNamed } from '#reference/mutants'
import { defaultBudgetMs } from '#run/prepare'
import { suggestion } from '#common/edit-distance'
import { loadCatalogue } from '#suites/index'
import { configure, shortest } from '#cli/config/configuration'
import { exitCodes } from '#cli/process/exit'
import type { Act } from '#cli/config/invocation'
import { behind } from '#cli/output/layout'
import { oneLine } from '#cli/output/terminal'

/** `explain ID`: all that the declaration of one check says, and what became of it the last time. */
export const explainCommand: Act = async (invocation) => {
  const [id = ''] = invocation.positional
  const { checks, expectations } = await loadCatalogue()
  const check = checks.find((one) => one.id === id)
  if (check === undefined) {
    throw new UsageError(
      `there is no check ${oneLine(id)}${suggestion(
        id,
        checks.map((one) => one.id),
      )}; \`streamproof list\` shows all`,
    )
  }
  const { options } = await configure({ ...invocation, positional: [], flags: {} })
  const url = clauseUrl(check.clause)
  const rows: [string, string | null][] = [
    ['requires', `that the target ${subject(check)}`],
    ['level', `${check.level}: a target that falls short gets "${fallenVerdict(check.level)}"`],
    ['clause', `${clauseName(check.clause)}${url === null ? '' : `  ${url}`}`],
    ['section', check.section.title],
    ['topic', check.topic],
    ['protocol', check.protocol === 'both' ? 'websocket and sse, compared' : check.protocol],
    ['needs', all(check.needs, (one) => `${one}: ${turnsOn[one]}`)],
    ['builds on', all(check.after, (one) => one)],
    [
      'runs',
      check.exclusive === undefined
        ? 'beside others'
        : `alone, because it ${check.exclusive === 'time' ? 'measures time' : 'loads the target'}`,
    ],
    [
      'takes',
      check.expectedDurationMs === undefined
        ? null
        : `about ${check.expectedDurationMs} ms against a prompt target`,
    ],
    ['time budget', `${check.budget ?? defaultBudgetMs} ms, times --timeout-scale`],
    [
      'seen falling on',
      all(
        check.mutants,
        (one) => `${one}: ${mutantNamed(one)?.breaks ?? 'a mutant of this name is missing'}`,
      ),
    ],
    [
      'measures',
      all(
        check.expectations,
        (one) => `${one}: ${expectations.find(({ id }) => id === one)?.statement ?? ''}`,
      ),
    ],
    ['Autobahn', check.autobahn ?? null],
    ['last time', lastVerdict(resolve(invocation.folder, options.out, 'report.json'), invocation.folder, id)],
    ['run it', `streamproof run URL --only ${id}`],
  ]
  const width = invocation.terminal.listWidth
  const lines = rows.flatMap(([name, value]) => {
    if (value === null) return []
    return value
      .split('\n')
      .map((line, index) => behind(`  ${(index === 0 ? name : '').padEnd(16)}`, line, width))
  })
  invocation.terminal.print([check.id, ...lines].join('\n'))
  return exitCodes.fine
}

function subject(check: PlacedCheck): string {
  return check.title.replace(/^the (target|server) /, '')
}

function all<T>(given: readonly T[] | undefined, line: (one: T) => string): string | null {
  return given === undefined || given.length === 0 ? null : given.map((one) => line(one)).join('\n')
}

/** What the newest report in the usual place says, if there is one that can be read. */
function lastVerdict(path: string, folder: string, id: string): string | null {
  if (!existsSync(path)) return null
  try {
    const report = reportSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
    const result = report.results.find((one) => one.id === id)
    if (result === undefined) return null
    return `${result.verdict}${why(result)}, in ${shortest(path, folder)} of ${report.run.startedAt}`
  } catch {
    return null
  }
}

function why({ reason, expected, actual }: Result): string {
  if (reason !== null) return oneLine(` (${reason})`)
  return expected === null || actual === null ? '' : oneLine(` (expected ${expected}; actual: ${actual})`)
}

/** What makes a capability present. */
const turnsOn: Readonly<Record<Capability, string>> = {
  'ws.echo': 'a text message comes back unchanged',
  'ws.echo.binary': 'a binary message comes back unchanged',
  'ws.deflate': 'permessage-deflate is accepted when offered',
  'ws.subprotocol': '--subprotocol names one that the server speaks',
  'ws.denied-origin': '--denied-origin names an origin to refuse',
  'ws.allowed-origin': '--allowed-origin names an origin to accept',
  'ws.tls': 'a wss: URL, or secureUrl.ws in the config file',
  'ws.plain': 'plainUrl.ws in the config file: a plain-text address that must not serve',
  'sse.publish': '--publish-url says where an event can be published',
  'sse.publish.verbatim': 'published data arrive as they are, not wrapped or re-encoded',
  'sse.publish.event': '{event} in the publish request of the config file',
  'sse.publish.id': '{id} in the publish request of the config file',
  'sse.publish.binary': 'a publish request whose body is {data} as it is',
  'sse.events': 'events arrive, published or by themselves',
  'sse.ids': 'events carry ids',
  'sse.shared-ids': 'two connections see the same event under the same id',
  'sse.resume': 'a known Last-Event-ID makes the server replay',
  'sse.heartbeat': 'something is sent on an idle stream',
  'sse.endless': 'the stream does not end by itself',
  'sse.denied-origin': '--denied-origin names an origin to refuse',
  'sse.allowed-origin': '--allowed-origin names an origin to accept',
  'sse.tls': 'an https: URL, or secureUrl.sse in the config file',
  'sse.plain': 'plainUrl.sse in the config file: a plain-text address that must not serve',
  ipv6: 'the target also answers on an IPv6 address, and this machine can reach it',
}
