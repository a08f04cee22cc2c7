import { execFileSync } from 'node:child_process'
import type { Socket } from 'node:net'

import { open, sleep } from './load.ts'
import { lay } from './ways.ts'
import type { Ports, Subject } from './ways.ts'

/**
 * As many connections through one embedded proxy as the descriptors of a process allow, 10,000 at most: opened, used,
 * and dropped by RST at once. Says what is left of them.
 */
export async function crowd(subject: Subject, upstream: Ports): Promise<void> {
  const limit = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }))
  const count = Math.min(10_000, Math.floor((limit - 400) / 2))
  const { echo } = await lay(subject, upstream)
  const memory = async (): Promise<number> => {
    subject.process?.kill('SIGUSR2')
    await sleep(1500)
    const text = await (await fetch(`${subject.client?.url}/metrics`)).text()
    const figure = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
    return (figure('nodejs_heap_size_used_bytes') + figure('nodejs_external_memory_bytes')) / 1e6
  }
  const wave = async (size: number): Promise<number> => {
    const sockets: Socket[] = []
    const seen = { answers: 0 }
    for (let i = 0; i < size; i += 200) {
      const some = await Promise.all(
        Array.from({ length: Math.min(200, size - i) }, () => open(echo, () => seen.answers++)),
      )
      for (const socket of some) socket.write('x')
      sockets.push(...some)
    }
    while (seen.answers < size) await sleep(20)
    for (const socket of sockets) socket.resetAndDestroy()
    return seen.answers
  }
  await wave(2500)
  await sleep(1000)
  const before = await memory()
  const answers = await wave(count)
  const open0 = performance.now()
  let live = count
  while (live > 0 && performance.now() - open0 < 20_000) {
    await sleep(50)
    const seen = (await (await fetch(`${subject.client?.url}/proxies/echo/connections`)).json()) as {
      connections: { state: string }[]
    }
    live = seen.connections.filter((one) => one.state !== 'closed').length
  }
  const gone = performance.now() - open0
  const after = await memory()
  console.log(`crowd (embedded, descriptors ${limit})`)
  console.log(
    `  opened ${count}  answered ${answers}  left after their reset ${live} (${gone.toFixed(0)} ms)`,
  )
  console.log(
    `  ${'memory after / before'.padEnd(28)}${`${(after / before).toFixed(2)}x`.padStart(8)}  <= 1.20x (${before.toFixed(1)} -> ${after.toFixed(1)} MB)`,
  )
}
