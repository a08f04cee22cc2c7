import type { RequestHead } from '#reference/http/head'
import type { Publication } from './channel.ts'

export type ReadPublication =
  | { readonly kind: 'read'; readonly publication: Publication }
  | { readonly kind: 'refused'; readonly why: string }

/**
 * Reads a publication. With media type `application/json`, the body is `{data, event?, id?}`. Otherwise the body is the
 * payload, byte by byte, and the query has `event` and `id`. An empty name or id counts as absent.
 */
export function readPublication(head: RequestHead, body: Buffer): ReadPublication {
  const type = (head.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  return type === 'application/json' ? readJson(body) : readRaw(head, body)
}

function readRaw(head: RequestHead, body: Buffer): ReadPublication {
  const { query } = head
  const publication = { data: body, name: nonEmpty(query.get('event')), id: nonEmpty(query.get('id')) }
  return { kind: 'read', publication }
}

function readJson(body: Buffer): ReadPublication {
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch {
    return { kind: 'refused', why: 'the body is not JSON' }
  }
  if (typeof value !== 'object' || value === null)
    return { kind: 'refused', why: 'the body is not a JSON object' }
  const { data, event = null, id = null } = value as Record<string, unknown>
  if (typeof data !== 'string') return { kind: 'refused', why: 'data must be a string' }
  if (event !== null && typeof event !== 'string') return { kind: 'refused', why: 'event must be a string' }
  if (id !== null && typeof id !== 'string') return { kind: 'refused', why: 'id must be a string' }
  // UTF-8 cannot encode a lone surrogate: Buffer writes U+FFFD.
  return { kind: 'read', publication: { data: Buffer.from(data), name: nonEmpty(event), id: nonEmpty(id) } }
}

function nonEmpty(value: string | null): string | null {
  return value === null || value === '' ? null : value
}
