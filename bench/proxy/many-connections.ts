import { execFileSync } from 'node:child_process'
import type { Socket } from 'node:net'

import { open, sleep } from './load.ts'
import { createProxies } from './variants.ts'
import type { Ports, Variant } from './variants.ts'

/**
 * Opens, uses and resets as many connections through one embedded proxy as the descriptors of a process allow, at most
 * 10,000. Prints how many stay open and how much memory stays in use.
 */
export async function measureManyConnections(variant: Variant, upstream: Ports): Promise<void> {
  const limit = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }))
  const count = Math.min(10_000, Math.floor((limit - 400) / 2))
  const { echo } = await createProxies(variant, upstream)
  const memory = async (): Promise<number> => {
    variant.process?.kill('SIGUSR2')
    await sleep(1500)
    const text = await (await fetch(`${variant.client?.url}/metrics`)).text()
    const figure = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
    return (figure('nodejs_heap_size_used_bytes') + figure('nodejs_external_memory_bytes')) / 1e6
  }
  const openAndReset = async (size: number): Promise<number> => {
    const sockets: Socket[] = []
    const count = { answers: 0 }
    for (let i = 0; i < size; i += 200) {
      const batch = await Promise.all(
        Array.from({ length: Math.min(200, size - i) }, () => open(echo, () => count.answers++)),
      )
      for (const socket of batch) socket.write('x')
      sockets.push(...batch)
    }
    while (count.answers < size) await sleep(20)
    for (const socket of sockets) socket.resetAndDestroy()
    return count.answers
  }
  await openAndReset(2500)
  await sleep(1000)
  const before = await memory()
  const answers = await openAndReset(count)
  const resetAt = performance.now()
  let live = count
  while (live > 0 && performance.now() - resetAt < 20_000) {
    await sleep(50)
    const log = (await (await fetch(`${variant.client?.url}/proxies/echo/connections`)).json()) as {
      connections: { state: string }[]
    }
    live = log.connections.filter(({ state }) => state !== 'closed').length
  }
  const closedMs = performance.now() - resetAt
  const after = await memory()
  console.log(`many-connections (embedded, descriptors ${limit})`)
  console.log(
    `  opened ${count}  answered ${answers}  open after their reset ${live} (${closedMs.toFixed(0)} ms)`,
  )
  console.log(
    `  ${'memory after / before'.padEnd(28)}${`${(after / before).toFixed(2)}x`.padStart(8)}  <= 1.20x (${before.toFixed(1)} -> ${after.toFixed(1)} MB)`,
  )
}
