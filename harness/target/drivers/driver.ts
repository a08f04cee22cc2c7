/** Which target of the run a driver asks about. */
export interface DrivenTarget {
  /** Its position in the list of targets of the run, as the report has it. */
  readonly index: number
  /** The id of its protocol. */
  readonly protocol: string
}

/** A crash that a driver knows of for certain. */
export interface Crash {
  /** A verb phrase without a subject: `exited with status 134`, `was killed by SIGSEGV`. */
  readonly cause: string
}

/**
 * What the scheduler asks about a target, whatever its role. Three kinds of driver answer: one opens TCP connections to
 * a URL, one watches the processes of a command, one waits until a client asks for its next case. No method rejects.
 */
export interface TargetDriver {
  readonly target: DrivenTarget
  /** Checks that may use the target at once; null: as many as the run has jobs. */
  readonly maxConcurrent: number | null
  /** Whether the target could serve a check now. What this opens is closed before the answer. */
  isAlive(withinMs: number): Promise<boolean>
  /** Whether the target accepts this many further connections with nothing sent on them. */
  acceptsConnections(count: number): Promise<boolean>
  /** The crash since the last `restart()`. Null where none is known for certain; the target may be down all the same. */
  crashed(): Crash | null
  /** Calls the listener at every crash that the driver notices by itself. Returns what removes the listener. */
  onCrash(listener: () => void): () => void
  /** Starts the target again if this driver started it. Otherwise somebody else does, and this does nothing. */
  restart(): Promise<void>
}
