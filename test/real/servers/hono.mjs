// The README pattern of `streamSSE`: a queue for each client; the application keeps no history.
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'

const clients = new Set()
let next = 1
const app = new Hono()
app.get('/events', (c) =>
  streamSSE(c, async (stream) => {
    let chain = Promise.resolve()
    const send = (event) => (chain = chain.then(() => stream.writeSSE(event)))
    clients.add(send)
    await new Promise((resolve) => stream.onAbort(resolve))
    clients.delete(send)
  }),
)
app.post('/publish', async (c) => {
  const { data, event, id } = await c.req.json()
  const message = { data, id: id ?? String(next++), ...(event == null ? {} : { event }) }
  try {
    await Promise.all([...clients].map((send) => send(message)))
  } catch {
    return c.text('refused', 400)
  }
  return c.body(null, 204)
})
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => console.log(`listening ${port}`))
