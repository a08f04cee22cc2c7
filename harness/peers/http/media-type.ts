/** True for `text/event-stream`, in any letter case, with parameters or without. */
export function isEventStream(type: string | null): boolean {
  return type !== null && (type.split(';')[0] ?? '').trim().toLowerCase() === 'text/event-stream'
}
