// The README pattern of `streamSSE`: a queue for each client; the application keeps no history.
import { setTimeout as sleep } from 'node:timers/promises'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'

const clients = new Set()
let next = 1
const app = new Hono()
app.get('/events', (c) =>
  streamSSE(c, async (stream) => {
    let chain = Promise.resolve()
    const send = (event) => {
      const sent = chain.then(() => stream.writeSSE(event))
      // An event that is refused is not the end of those behind it.
      chain = sent.catch(() => undefined)
      return sent
    }
    clients.add(send)
    await new Promise((resolve) => stream.onAbort(resolve))
    clients.delete(send)
  }),
)
app.post('/publish', async (c) => {
  const { data, event, id } = await c.req.json()
  const message = { data, id: id ?? String(next++), ...(event == null ? {} : { event }) }
  const sent = Promise.all([...clients].map((send) => send(message)))
  // A client that takes nothing must not hold the publisher: hono gives HEAD a stream that nobody reads.
  const refused = await Promise.race([sent.then(() => false).catch(() => true), sleep(50, false)])
  return refused ? c.text('refused', 400) : c.body(null, 204)
})
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => console.log(`listening ${port}`))
