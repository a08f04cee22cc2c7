/**
 * Compares the built embedded engine with Toxiproxy's own server, a bare pipe of two sockets, and no proxy:
 * `npm run bench:proxy [-- --rounds N] [--only NAME,...]`. The variants take turns in each round. A ratio is computed within
 * a round, in which all variants have the same machine, and the median of the rounds counts. Each measurement has new
 * processes for proxies and upstream, because the heap and the compiled code of one measurement change the next. The real
 * server is started from PATH; `STREAMPROOF_TOXIPROXY_SERVER` names another.
 */
import { parseArgs } from 'node:util'

import { measureManyConnections } from './proxy/many-connections.ts'
import { percentile } from './proxy/load.ts'
import { measures } from './proxy/measures.ts'
import type { Line, Measure, Round } from './proxy/measures.ts'
import {
  createProxies,
  startBarePipe,
  startEmbedded,
  startToxiproxy,
  startUpstream,
  stop,
  stopAll,
} from './proxy/variants.ts'
import type { Ports, Variant } from './proxy/variants.ts'

const { values: flags } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, only: { type: 'string' } },
})
const roundCount = Number(flags.rounds)
const only = flags.only?.split(',')
const isChosen = (name: string): boolean => only?.some((part) => name.includes(part)) ?? true

async function main(): Promise<void> {
  const upstream = await startUpstream()
  console.log(
    `node ${process.version}, ${roundCount} rounds, medians of the rounds; the variants take turns\n`,
  )
  for (const measure of measures) {
    if (isChosen(measure.name)) print(measure, await runRounds(measure, upstream))
  }
  if (isChosen('many-connections')) await measureManyConnections(await startEmbedded(), upstream)
  stopAll()
}

async function runRounds(measure: Measure, upstream: Ports): Promise<readonly Round[]> {
  const results: Round[] = []
  let variants = await startVariants(measure, upstream)
  for (let round = 0; round < roundCount; round++) {
    if (round > 0 && measure.fresh === true) {
      for (const variant of variants) stop(variant)
      variants = await startVariants(measure, upstream)
    }
    const figures: [string, Readonly<Record<string, number>>][] = []
    for (const variant of variants) {
      const ports = await createProxies(variant, upstream, measure.toxics)
      figures.push([variant.kind, await measure.run(ports, variant)])
      await variant.client?.removeProxy('flood')
      await variant.client?.removeProxy('echo')
    }
    results.push(Object.fromEntries(figures))
  }
  for (const variant of variants) stop(variant)
  return results
}

async function startVariants(measure: Measure, upstream: Ports): Promise<readonly Variant[]> {
  const real = await startToxiproxy()
  if (real === null) console.log('toxiproxy-server was not found: measuring without it')
  return [
    ...(measure.direct === false ? [] : [{ kind: 'direct' as const, process: null, client: null }]),
    // The bare pipe has no toxics.
    ...(measure.toxics === undefined ? [await startBarePipe(upstream)] : []),
    await startEmbedded(),
    ...(real === null ? [] : [real]),
  ]
}

function print({ name, unit, lines }: Measure, rounds: readonly Round[]): void {
  console.log(`${name} (${unit})`)
  for (const kind of ['direct', 'bare', 'embedded', 'real'] as const) {
    const keys = Object.keys(rounds[0]?.[kind] ?? {})
    const figures = keys.map((key) => {
      const value = percentile(
        rounds.map((round) => round[kind]?.[key] ?? Number.NaN),
        0.5,
      )
      return `${key} ${value.toFixed(value < 100 ? 2 : 0)}`
    })
    if (keys.length > 0) console.log(`  ${kind.padEnd(10)}${figures.join('  ')}`)
  }
  for (const line of lines) {
    const value = valueOf(line, rounds)
    if (value !== null) console.log(`  ${line.name.padEnd(28)}${value.padStart(8)}  ${line.goal}`.trimEnd())
  }
}

function valueOf({ compute, take, unit }: Line, rounds: readonly Round[]): string | null {
  const values = rounds.map(compute).filter((value) => value !== undefined)
  if (values.length === 0) return null
  const value = take === 'least' ? Math.min(...values) : percentile(values, 0.5)
  return `${value.toFixed(2)}${unit === 'x' ? 'x' : ` ${unit}`}`
}

await main()
