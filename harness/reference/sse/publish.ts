import type { RequestHead } from '#reference/http/head'
import type { Publication } from './channel.ts'

export type ReadPublication =
  | { readonly kind: 'read'; readonly publication: Publication }
  | { readonly kind: 'refused'; readonly why: string }

/**
 * Reads a publication: JSON `{data, event?, id?}` where the media type says so, else the body is the payload, byte
 * by byte, and `event` and `id` stand in the query. An empty name or id is as good as none.
 */
export function readPublication(head: RequestHead, body: Buffer): ReadPublication {
  const type = (head.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  return type === 'application/json' ? readJson(body) : readRaw(head, body)
}

function readRaw(head: RequestHead, body: Buffer): ReadPublication {
  const { query } = head
  const publication = { data: body, name: present(query.get('event')), id: present(query.get('id')) }
  return { kind: 'read', publication }
}

function readJson(body: Buffer): ReadPublication {
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch {
    return { kind: 'refused', why: 'the body is no JSON' }
  }
  if (typeof value !== 'object' || value === null)
    return { kind: 'refused', why: 'the body is no JSON object' }
  const { data, event = null, id = null } = value as Record<string, unknown>
  if (typeof data !== 'string') return { kind: 'refused', why: 'data must be a string' }
  if (event !== null && typeof event !== 'string') return { kind: 'refused', why: 'event must be a string' }
  if (id !== null && typeof id !== 'string') return { kind: 'refused', why: 'id must be a string' }
  // A lone surrogate has no UTF-8: Buffer makes it U+FFFD.
  return { kind: 'read', publication: { data: Buffer.from(data), name: present(event), id: present(id) } }
}

function present(value: string | null): string | null {
  return value === null || value === '' ? null : value
}
