import { Inconclusive, Violation } from '../check/errors.ts'
import { openClients } from './clients.ts'
import type { SessionContext } from './context.ts'
import { Stream } from './event-stream.ts'
import { sendRequest } from './http-request.ts'
import type { Kit, SubscribeOptions } from './kit.ts'
import { openPublisher } from './publish.ts'
import type { Publisher } from './publish.ts'
import { runResume } from './resume.ts'

async function subscribe(
  context: SessionContext,
  publisher: Publisher,
  options: SubscribeOptions = {},
): Promise<Stream> {
  try {
    return await (await Stream.open(context, publisher, options)).accepted()
  } catch (error) {
    const refused = error instanceof Inconclusive && error.reason === 'target-refused'
    if (!refused || options.judgesRefusal !== true) throw error
    throw new Violation('a stream', error.message.replace(/^target-refused: /, ''), { cause: error })
  }
}

/** The verbs of the kit that are about HTTP and server-sent events, and the conforming clients. */
export function sseVerbs(
  context: SessionContext,
): Pick<Kit, 'subscribe' | 'request' | 'publish' | 'offer' | 'resume' | 'clients'> {
  const publisher = openPublisher(context)
  return {
    subscribe: (options) => subscribe(context, publisher, options),
    request: (options) => sendRequest(context, options),
    publish: (event) => publisher.publish(event),
    offer: (event) => publisher.offer(event),
    resume: (plan) => runResume(context, publisher, plan),
    clients: openClients(context),
  }
}
