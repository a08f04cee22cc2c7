import { capabilitiesOf } from '#model/protocol'
import { summarise } from '#model/result'
import type { ExpectationResult, Report, Result } from '#model/result'
import { protocols } from '#protocols/index'
import { expectations } from '#suites/expectations'
import { failedResults, mixedResults, passedResults } from './results.ts'

/** Reports as rich as those of real runs: every verdict, two protocols, faults, figures, long values. */

/** A target with results of every verdict. */
export function mixedReport(): Report {
  return reportOf([...mixedResults(), ...failedResults()], 1)
}

/** A target that passes every check. */
export function passingReport(): Report {
  return {
    ...reportOf(passedResults(), 0),
    targets: reportOf([], 0).targets.map((target) => ({ ...target, url: 'reference' })),
  }
}

/** A report with these results, their counts and every documented expectation. */
export function reportOf(results: readonly Result[], exitCode: number): Report {
  return {
    schemaVersion: 2,
    tool: { name: 'streamproof', version: '0.1.0' },
    run: {
      id: '0190f3c2-7b1e-7c8a-9d55-3f8f2f6f9a10',
      startedAt: '2026-11-23T20:15:30.250Z',
      durationMs: 18_432.7,
      seed: 4711,
      exitCode,
      complete: true,
      engine: { kind: 'embedded', version: '0.1.0' },
      node: 'v20.20.2',
      platform: 'linux x64',
      findings:
        exitCode === 0
          ? []
          : [
              'target crashed once and accepted connections again after 1.2 s; no single check repeats the crash',
            ],
    },
    protocols: [
      { id: 'websocket', title: 'WebSocket', shortTitle: 'WebSocket' },
      { id: 'sse', title: 'Server-Sent Events', shortTitle: 'SSE' },
    ],
    targets: [
      target('websocket', 'ws', 'wss://chat.example/live'),
      target('sse', 'sse', 'https://chat.example/events'),
    ],
    summary: summarise(results),
    expectations: expectations.map((expectation, index): ExpectationResult => {
      const status = statusAt(index)
      return {
        id: expectation.id,
        topic: expectation.topic,
        protocol: expectation.protocol,
        statement: expectation.statement,
        status,
        checks: status === 'not-measured' ? [] : results.slice(index, index + 3).map(({ id }) => id),
        needs: {
          'not-measured': expectation.needs,
          partly: 'a second instance',
          confirmed: null,
          refuted: null,
        }[status],
        summary:
          status === 'not-measured'
            ? ''
            : `p50 ${(0.4 + index / 10).toFixed(1)} ms, p99 ${3 + index} ms over 200 messages; ${index * 7} bytes of overhead each`,
      }
    }),
    results: [...results],
  }
}

function statusAt(index: number): ExpectationResult['status'] {
  if (index % 11 === 5) return 'not-measured'
  if (index === 12) return 'refuted'
  return index % 9 === 7 ? 'partly' : 'confirmed'
}

function target(protocol: 'websocket' | 'sse', prefix: string, url: string): Report['targets'][number] {
  const names = Object.keys(capabilitiesOf(protocols)).filter(
    (name) => name.startsWith(prefix) || name === 'ipv6',
  )
  return {
    role: 'server',
    protocol,
    url,
    capabilities: Object.fromEntries(
      names.map((name, index) => [
        name,
        {
          state: index % 7 === 3 ? 'absent' : index % 11 === 6 ? 'broken' : 'present',
          evidence: `a message with a nonce was sent to find out about ${name}`,
        } as const,
      ]),
    ),
  }
}
