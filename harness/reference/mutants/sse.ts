import type { Mutant } from '#reference/mutant'
import { ssePayloadMutants } from './sse-payload.ts'
import { sseResponseMutants } from './sse-response.ts'
import { sseResumeMutants } from './sse-resume.ts'
import { sseSecurityMutants } from './sse-security.ts'
import { sseStreamMutants } from './sse-stream.ts'

/** The reference's event stream and publish endpoint, each mutant with one rule broken. */
export const sseMutants: readonly Mutant[] = [
  ...sseResponseMutants,
  ...sseStreamMutants,
  ...ssePayloadMutants,
  ...sseResumeMutants,
  ...sseSecurityMutants,
]
