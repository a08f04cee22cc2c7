import type { StreamDirection } from '#proxies/embedded/toxics/toxic'

/** One direction of a connection that has ended. */
export interface DirectionCount {
  readonly direction: StreamDirection
  readonly received: number
  readonly sent: number
  /** A write failed, so the bytes sent are not counted, as in the real server. */
  readonly writeFailed: boolean
}

export interface ProxyLabels {
  readonly listener: string
  readonly proxy: string
  readonly upstream: string
}

export interface MetricsOptions {
  readonly proxyMetrics: boolean
  readonly runtimeMetrics: boolean
}

/** The content type of Prometheus' text format. */
export const metricsType = 'text/plain; version=0.0.4; charset=utf-8'

/** Counts bytes and writes them in Prometheus' text format, under the names that Toxiproxy uses. */
export class Metrics {
  readonly #options: MetricsOptions
  readonly #received = new Map<string, number>()
  readonly #sent = new Map<string, number>()

  constructor(options: MetricsOptions) {
    this.#options = options
  }

  /** False if both kinds are off: then the route does not exist. */
  get enabled(): boolean {
    return this.#options.proxyMetrics || this.#options.runtimeMetrics
  }

  /** Counts the bytes of a connection that has ended. */
  count({ listener, proxy, upstream }: ProxyLabels, directions: readonly DirectionCount[]): void {
    if (!this.#options.proxyMetrics) return
    for (const { direction, received, sent, writeFailed: hasFailed } of directions) {
      const labels = Object.entries({ direction, listener, proxy, upstream })
        .map(([name, value]) => `${name}="${escaped(value)}"`)
        .join(',')
      add(this.#received, labels, received)
      if (!hasFailed) add(this.#sent, labels, sent)
    }
  }

  text(): string {
    const lines: string[] = []
    if (this.#options.runtimeMetrics) lines.push(...runtime())
    if (this.#options.proxyMetrics) {
      lines.push(...counter('toxiproxy_proxy_received_bytes_total', this.#received))
      lines.push(...counter('toxiproxy_proxy_sent_bytes_total', this.#sent))
    }
    return `${lines.join('\n')}\n`
  }
}

function add(counts: Map<string, number>, labels: string, bytes: number): void {
  counts.set(labels, (counts.get(labels) ?? 0) + bytes)
}

function counter(name: string, counts: ReadonlyMap<string, number>): string[] {
  if (counts.size === 0) return []
  const samples = [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([labels, value]) => `${name}{${labels}} ${value}`)
  return [`# HELP ${name} `, `# TYPE ${name} counter`, ...samples]
}

/** Figures of this process. If the engine runs in a thread, the memory is that of all threads. */
function runtime(): string[] {
  const { user, system } = process.cpuUsage()
  const memory = process.memoryUsage()
  const figures: readonly (readonly [
    name: string,
    type: 'gauge' | 'counter',
    help: string,
    value: number,
  ])[] = [
    [
      'process_cpu_seconds_total',
      'counter',
      'Total user and system CPU time spent in seconds.',
      (user + system) / 1e6,
    ],
    ['process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', memory.rss],
    [
      'process_start_time_seconds',
      'gauge',
      'Start time of the process since unix epoch in seconds.',
      startTime,
    ],
    ['nodejs_heap_size_total_bytes', 'gauge', 'Size of the heap in bytes.', memory.heapTotal],
    ['nodejs_heap_size_used_bytes', 'gauge', 'Bytes of the heap in use.', memory.heapUsed],
    ['nodejs_external_memory_bytes', 'gauge', 'Bytes outside the heap, including buffers.', memory.external],
  ]
  const lines = figures.flatMap(([name, type, help, value]) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    `${name} ${value}`,
  ])
  return [
    ...lines,
    '# HELP nodejs_version_info The version of Node.',
    '# TYPE nodejs_version_info gauge',
    `nodejs_version_info{version="${process.version}"} 1`,
  ]
}

const startTime = Math.round(Date.now() / 1000 - process.uptime())

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}
