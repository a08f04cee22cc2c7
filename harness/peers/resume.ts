import type { SessionContext } from './context.ts'
import type { ResumePlan, ResumeStory } from './kit.ts'
import type { Publisher } from './publish.ts'

export async function runResume(
  _context: SessionContext,
  _publisher: Publisher,
  _plan: ResumePlan,
): Promise<ResumeStory> {
  throw new TypeError('soon')
}
