import { Inconclusive, Violation } from '#model/errors'
import type { SessionContext } from '#peers/session/context'
import { Stream } from './stream.ts'
import type { Kit, SubscribeOptions } from '#peers/kit'
import { openPublisher } from './publish.ts'
import type { Publisher } from './publish.ts'
import { runScenario } from '#peers/resume/resume'

async function subscribe(
  context: SessionContext,
  publisher: Publisher,
  options: SubscribeOptions = {},
): Promise<Stream> {
  try {
    return await (await new Stream(context, publisher, options).connect()).accepted()
  } catch (error) {
    const refused = error instanceof Inconclusive && error.reason === 'target-refused'
    if (!refused || options.judgesRefusal !== true) throw error
    throw new Violation('a stream', error.message.replace(/^target-refused: /, ''), { cause: error })
  }
}

/** The kit's verbs for event streams. */
export function sseVerbs(
  context: SessionContext,
): Pick<Kit, 'subscribe' | 'publish' | 'tryPublish' | 'resume'> {
  const publisher = openPublisher(context)
  return {
    subscribe: (options) => subscribe(context, publisher, options),
    publish: (event) => publisher.publish(event),
    tryPublish: (event) => publisher.tryPublish(event),
    resume: (plan) => runScenario(context, publisher, plan),
  }
}
