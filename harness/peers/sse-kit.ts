import { openClients } from './clients.ts'
import type { SessionContext } from './context.ts'
import { Stream } from './event-stream.ts'
import { sendRequest } from './http-request.ts'
import type { Kit } from './kit.ts'
import { openPublisher } from './publish.ts'
import { runResume } from './resume.ts'

/** The verbs of the kit that are about HTTP and server-sent events, and the conforming clients. */
export function sseVerbs(
  context: SessionContext,
): Pick<Kit, 'subscribe' | 'request' | 'publish' | 'offer' | 'resume' | 'clients'> {
  const publisher = openPublisher(context)
  return {
    subscribe: async (options) => (await Stream.open(context, publisher, options)).accepted(),
    request: (options) => sendRequest(context, options),
    publish: (event) => publisher.publish(event),
    offer: (event) => publisher.offer(event),
    resume: (plan) => runResume(context, publisher, plan),
    clients: openClients(context),
  }
}
