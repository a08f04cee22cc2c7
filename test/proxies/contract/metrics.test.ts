import { expect } from 'chai'

import { startEngineServer } from '#proxies/embedded/server/server'
import { startToxiproxy } from '#proxies/driver/start-server'
import { until } from '../wire.ts'
import { contract, Row } from './contract.ts'

/** Another server of the same kind, with flags. */
async function withFlags(t: Row, ...flags: readonly ('-proxy-metrics' | '-runtime-metrics')[]): Promise<Row> {
  const server =
    t.kind === 'toxiproxy'
      ? await startToxiproxy(process.env, 2, flags)
      : await startEngineServer({
          host: '127.0.0.1',
          port: 0,
          proxyMetrics: flags.includes('-proxy-metrics'),
          runtimeMetrics: flags.includes('-runtime-metrics'),
        })
  const flagged = t.at(server.url)
  t.defer(async () => {
    await flagged.close()
    await ('stop' in server ? server.stop() : server.close())
  })
  return flagged
}

const sample = (direction: string, kind: string, labels: string, value: number): string =>
  `toxiproxy_proxy_${kind}_bytes_total{direction="${direction}",${labels}} ${value}\n`

/** The figure of this kind for the downstream direction; undefined if there is none yet. */
async function downstream(flagged: Row, kind: 'received' | 'sent'): Promise<string | undefined> {
  const { text } = await flagged.api('GET', '/metrics')
  return new RegExp(`${kind}_bytes_total\\{direction="downstream".*\\} (\\d+)`).exec(text)?.[1]
}

/** Waits for the received and sent bytes of the downstream direction. */
async function bothDownstream(flagged: Row): Promise<readonly (string | undefined)[]> {
  const both = (): Promise<(string | undefined)[]> =>
    Promise.all([downstream(flagged, 'received'), downstream(flagged, 'sent')])
  await until('both figures are counted', async () => !(await both()).includes(undefined))
  return both()
}

contract('metrics', { concurrent: false }, ({ row }) => {
  row(
    'metrics/bytes',
    'received and sent bytes by direction, listener, proxy and upstream, once the connection has ended',
    async (t) => {
      const flagged = await withFlags(t, '-proxy-metrics')
      const { client, server, name, port, upstream } = await flagged.pair()
      client.send('12345')
      await server.got(5)
      server.send('123')
      await client.got(3)
      expect((await flagged.api('GET', '/metrics')).text).to.not.include('_bytes_total{')
      server.fin()
      await client.ended
      const labels = `listener="127.0.0.1:${port}",proxy="${name}",upstream="127.0.0.1:${upstream.port}"`
      await until(
        'all four figures are counted',
        async () => (await flagged.api('GET', '/metrics')).text.split('_bytes_total{').length === 5,
      )
      const { text } = await flagged.api('GET', '/metrics')
      expect(text).to.include(sample('upstream', 'received', labels, 5))
      expect(text).to.include(sample('upstream', 'sent', labels, 5))
      expect(text).to.include(sample('downstream', 'received', labels, 3))
      expect(text).to.include(sample('downstream', 'sent', labels, 3))
    },
  )
  row('metrics/toxics', 'bytes that a toxic drops are received, not sent', async (t) => {
    const flagged = await withFlags(t, '-proxy-metrics')
    const { client, server } = await flagged.pair({ type: 'limit_data', attributes: { bytes: 2 } })
    server.send('12345')
    await client.ended
    expect(await bothDownstream(flagged)).to.deep.equal(['5', '2'])
  })
  row('metrics/reset', 'bytes that were sent before a reset are counted', async (t) => {
    const flagged = await withFlags(t, '-proxy-metrics')
    const { client, server } = await flagged.pair()
    server.send('123')
    await client.got(3)
    client.rst()
    server.socket.destroy()
    expect(await bothDownstream(flagged)).to.deep.equal(['3', '3'])
  })
  row('metrics/format', "Prometheus' text format, with types", async (t) => {
    const flagged = await withFlags(t, '-proxy-metrics')
    const { client, server } = await flagged.pair()
    server.fin()
    await client.ended
    await until('the connection is counted', async () =>
      (await flagged.api('GET', '/metrics')).text.includes('received_bytes_total{'),
    )
    const answer = await flagged.api('GET', '/metrics')
    expect(answer.headers.get('content-type')).to.match(/^text\/plain; version=0\.0\.4; charset=utf-8/)
    expect(answer.text).to.include('# TYPE toxiproxy_proxy_received_bytes_total counter\n')
    expect(answer.headers.get('x-toxiproxy-request-id')).to.have.length(20)
  })
  row('metrics/labels', 'labels are escaped', async (t) => {
    const flagged = await withFlags(t, '-proxy-metrics')
    const upstream = await flagged.upstream((wire) => wire.fin())
    const created = await flagged.api('POST', '/proxies', {
      name: 'a"b\\c',
      listen: '127.0.0.1:0',
      upstream: `127.0.0.1:${upstream.port}`,
    })
    const client = await flagged.connect(Number(/:(\d+)"/.exec(created.text)?.[1]))
    await client.ended
    await until('the connection is counted', async () =>
      (await flagged.api('GET', '/metrics')).text.includes('proxy="a\\"b\\\\c"'),
    )
  })
  row('metrics/method', 'any method is served', async (t) => {
    const flagged = await withFlags(t, '-proxy-metrics')
    for (const method of ['GET', 'POST', 'PUT', 'DELETE'])
      expect((await flagged.api(method, '/metrics')).status, method).to.equal(200)
  })
  row(
    'metrics/runtime',
    '`-runtime-metrics` gives figures of the process: of Go; in the embedded engine of Node',
    async (t) => {
      const flagged = await withFlags(t, '-runtime-metrics')
      const { text } = await flagged.api('GET', '/metrics')
      expect(text).to.match(/^process_resident_memory_bytes [\d.e+]+$/m)
      expect(text).to.match(/^process_cpu_seconds_total [\d.e+-]+$/m)
      expect(text).to.match(/^process_start_time_seconds [\d.e+]+$/m)
      expect(text).to.match(
        t.kind === 'embedded' ? /^nodejs_version_info\{version="v\d+/m : /^go_info\{version="go\d+/m,
      )
      expect(text).to.not.include('toxiproxy_proxy')
    },
  )
})

/** The real server does not count such a connection at all. */
describe('metrics of the embedded engine', () => {
  it('do not count sent bytes of a direction in which a write failed', async () => {
    const t = new Row('embedded', '')
    const flagged = await withFlags(t, '-proxy-metrics')
    const { client, server } = await flagged.pair()
    client.socket.pause()
    await server.fill()
    client.rst()
    await until(
      'the connection is counted',
      async () => (await downstream(flagged, 'received')) !== undefined,
    )
    expect(Number(await downstream(flagged, 'received'))).to.be.greaterThan(0)
    expect(await downstream(flagged, 'sent')).to.equal(undefined)
    await t.close()
  })
})
