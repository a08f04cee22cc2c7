/** How the event stream is served. */
export interface SseRules {
  /** Media type of the stream (HTML, text/event-stream). */
  readonly eventStreamType: string
}

export const strictSse: SseRules = { eventStreamType: 'text/event-stream' }
