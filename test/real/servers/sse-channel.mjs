// The README example of `sse-channel`, with a longer history and otherwise its defaults.
import { createServer } from 'node:http'
import SseChannel from 'sse-channel'

const channel = new SseChannel({ historySize: 2000 })
let next = 1
const http = createServer(async (request, response) => {
  if (request.method === 'GET' && request.url === '/events') {
    channel.addClient(request, response)
  } else if (request.method === 'POST' && request.url === '/publish') {
    try {
      const { data, event, id } = JSON.parse(await text(request))
      channel.send({ id: id ?? next++, data, ...(event == null ? {} : { event }) })
      response.writeHead(204).end()
    } catch {
      response.writeHead(400).end()
    }
  } else {
    response.writeHead(404).end()
  }
})
http.listen(0, '127.0.0.1', () => console.log(`listening ${http.address().port}`))

async function text(stream) {
  const chunks = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
