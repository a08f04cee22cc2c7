// The example of the README of `better-sse`, with its defaults: it sends published data as JSON.
import { createServer } from 'node:http'
import { createChannel, createSession } from 'better-sse'

const channel = createChannel()
const http = createServer(async (request, response) => {
  if (request.method === 'GET' && request.url === '/events') {
    channel.register(await createSession(request, response))
  } else if (request.method === 'POST' && request.url === '/publish') {
    const { data, event, id } = JSON.parse(await text(request))
    channel.broadcast(data, event ?? 'message', id == null ? {} : { eventId: id })
    response.writeHead(204).end()
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
