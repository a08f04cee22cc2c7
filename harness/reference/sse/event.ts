/** A published event, as the history keeps it. */
export interface StoredEvent {
  /** Place in the order of publication, from 1. */
  readonly sequence: number
  readonly id: string
  readonly name: string | null
  /** As it was published: any bytes. */
  readonly data: Uint8Array
}
