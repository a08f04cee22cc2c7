// The README example of `streamSSE`, with a queue per client and no history. The publisher does not wait for clients:
// one that reads nothing, such as a HEAD request, does not delay the others.
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'

const clients = new Set()
let next = 1
const app = new Hono()
app.get('/events', (c) =>
  streamSSE(c, async (stream) => {
    let queue = Promise.resolve()
    const send = (event) => {
      queue = queue.then(() => stream.writeSSE(event)).catch(() => {})
    }
    clients.add(send)
    await new Promise((resolve) => stream.onAbort(resolve))
    clients.delete(send)
  }),
)
app.post('/publish', async (c) => {
  const { data, event, id } = await c.req.json()
  const message = { data, id: id ?? String(next++), ...(event == null ? {} : { event }) }
  for (const send of clients) send(message)
  return c.body(null, 204)
})
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => console.log(`listening ${port}`))
