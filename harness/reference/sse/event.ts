/** A published event in the history. */
export interface StoredEvent {
  /** Position in the order of publication, from 1. */
  readonly sequence: number
  readonly id: string
  readonly name: string | null
  /** As published: any bytes. */
  readonly data: Uint8Array
}
