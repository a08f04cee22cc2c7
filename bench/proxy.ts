/**
 * The embedded engine, as it is installed, against Toxiproxy's own server, a bare pipe of two sockets and no proxy at
 * all, interleaved in one run: `npm run bench:proxy [-- --rounds N] [--only NAME,...]`. Each ratio is taken within a
 * round, where all ways have the same machine, and the median of the rounds counts. Proxies and upstream run in
 * processes of their own, new for each measurement: what one leaves behind, in heaps and compilers, changes the next.
 * The real server is looked for on PATH; `STREAMPROOF_TOXIPROXY_SERVER` names another.
 */
import { parseArgs } from 'node:util'

import { crowd } from './proxy/crowd.ts'
import { percentile } from './proxy/load.ts'
import { measures } from './proxy/measures.ts'
import type { Line, Measure, Round } from './proxy/measures.ts'
import { bare, embedded, end, endAll, lay, toxiproxy, upstreamPorts } from './proxy/ways.ts'
import type { Ports, Subject } from './proxy/ways.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, only: { type: 'string' } },
})
const rounds = Number(values.rounds)
const only = values.only?.split(',')
const isChosen = (name: string): boolean => only?.some((part) => name.includes(part)) ?? true

async function main(): Promise<void> {
  const upstream = await upstreamPorts()
  console.log(`node ${process.version}, ${rounds} rounds, medians of the rounds; the ways take turns\n`)
  for (const measure of measures) {
    if (isChosen(measure.name)) show(measure, await played(measure, upstream))
  }
  if (isChosen('crowd')) await crowd(await embedded(), upstream)
  endAll()
}

async function played(measure: Measure, upstream: Ports): Promise<readonly Round[]> {
  const all: Round[] = []
  let ways = await start(measure, upstream)
  for (let round = 0; round < rounds; round++) {
    if (round > 0 && measure.fresh === true) {
      for (const way of ways) end(way)
      ways = await start(measure, upstream)
    }
    const figures: [string, Readonly<Record<string, number>>][] = []
    for (const subject of ways) {
      const ports = await lay(subject, upstream, measure.toxics)
      figures.push([subject.way, await measure.run(ports, subject)])
      await subject.client?.removeProxy('flood')
      await subject.client?.removeProxy('echo')
    }
    all.push(Object.fromEntries(figures))
  }
  for (const way of ways) end(way)
  return all
}

async function start(measure: Measure, upstream: Ports): Promise<readonly Subject[]> {
  const real = await toxiproxy()
  if (real === null) console.log('toxiproxy-server was not found: measuring without it')
  return [
    ...(measure.direct === false ? [] : [{ way: 'direct' as const, process: null, client: null }]),
    // It knows no toxics.
    ...(measure.toxics === undefined ? [await bare(upstream)] : []),
    await embedded(),
    ...(real === null ? [] : [real]),
  ]
}

function show({ name, unit, lines }: Measure, all: readonly Round[]): void {
  console.log(`${name} (${unit})`)
  for (const way of ['direct', 'bare', 'embedded', 'real'] as const) {
    const keys = Object.keys(all[0]?.[way] ?? {})
    const figures = keys.map((key) => {
      const value = percentile(
        all.map((round) => round[way]?.[key] ?? Number.NaN),
        0.5,
      )
      return `${key} ${value.toFixed(value < 100 ? 2 : 0)}`
    })
    if (keys.length > 0) console.log(`  ${way.padEnd(10)}${figures.join('  ')}`)
  }
  for (const line of lines) {
    const value = valueOf(line, all)
    if (value !== null) console.log(`  ${line.name.padEnd(28)}${value.padStart(8)}  ${line.goal}`.trimEnd())
  }
}

function valueOf({ of, take, unit }: Line, all: readonly Round[]): string | null {
  const found = all.map(of).filter((value) => value !== undefined)
  if (found.length === 0) return null
  const value = take === 'least' ? Math.min(...found) : percentile(found, 0.5)
  return `${value.toFixed(2)}${unit === 'x' ? 'x' : ` ${unit}`}`
}

await main()
