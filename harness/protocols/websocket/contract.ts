import { z } from 'zod'
import { UsageError } from '#model/errors'
import { serverTarget } from '#target/target'
import type { RunTarget } from '#target/target'
import { quoted, targetWords } from '#target/contract/command'
import type { CommandWords, SharedSettings, TargetOption } from '#target/protocol'
import type { SecretSources } from '#target/secrets/collect'

/** What a contract says about a WebSocket server. */
export const websocketContract = {
  /** `ws:` or `wss:`. */
  ws: z.string().exactOptional(),
  /** What the server speaks; offered in every handshake. */
  subprotocols: z.array(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'is not a token')).exactOptional(),
  /** What to send and to expect right after a WebSocket opens, before a check begins. */
  opening: z
    .array(z.union([z.strictObject({ send: z.string() }), z.strictObject({ expect: z.string() })]))
    .exactOptional(),
} as const

export type WebSocketContract = z.infer<z.ZodObject<typeof websocketContract>>

/** The WebSocket server that a contract names. @throws UsageError for a URL with a fragment (RFC 6455 3). */
export function websocketServers(contract: WebSocketContract, shared: SharedSettings): RunTarget[] {
  const { ws, subprotocols = [], opening = [] } = contract
  if (ws === undefined) return []
  const endpoint = shared.endpoint(ws)
  if (new URL(ws.trim()).hash !== '') throw new UsageError('--ws: a WebSocket URL has no fragment (#)')
  const server = {
    ...endpoint,
    subprotocols,
    opening,
    publish: null,
    request: { method: 'GET', headers: [], body: null },
    accept: '*/*',
  }
  return [serverTarget(server)]
}

/** Where a contract may hold credentials of a WebSocket server: its URL and the opening exchange. */
export function websocketSecrets({
  ws,
  opening = [],
  subprotocols = [],
}: WebSocketContract): Partial<SecretSources> {
  return {
    targetUrls: [ws],
    texts: opening.map((step) => ('send' in step ? step.send : step.expect)),
    publicNames: subprotocols,
  }
}

export function websocketWords({ ws, subprotocols = [] }: WebSocketContract): CommandWords {
  return {
    target: ws === undefined ? [] : targetWords('ws', ws),
    further: subprotocols.flatMap((name) => ['--subprotocol', quoted(name)]),
  }
}

export const websocketOptions: Readonly<Record<string, TargetOption>> = {
  ws: { value: 'url', help: 'WebSocket server to test: a ws: or wss: URL', holdsUrl: true },
  subprotocol: {
    value: 'name',
    help: 'WebSocket subprotocol that the server supports',
    key: 'subprotocols',
    list: true,
  },
}

/** The opening exchange may hold credentials: only the kinds of its steps are shown. */
export function shownOfWebSocket(key: string, { opening = [] }: WebSocketContract): string | null {
  if (key !== 'opening') return null
  return opening.map((step) => `${Object.keys(step).join('')}: ***`).join(', ') || '-'
}
