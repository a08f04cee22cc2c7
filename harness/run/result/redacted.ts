import type { Redactor } from '#peers/session/session'

/** Members with words of Streamproof alone. A secret may have the same text, as in `?transport=websocket`. */
const membersWithoutSecrets: ReadonlySet<string> = new Set([
  'by',
  'cause',
  'direction',
  'from',
  'how',
  'id',
  'kind',
  'level',
  'role',
  'spec',
  'state',
  'status',
  'topic',
  'protocol',
  'verdict',
])

/** A model with every secret removed from its texts: the last step before anything leaves a run. */
export function redacted<T>(model: T, redactor: Redactor): T {
  if (typeof model === 'string') return redactor.text(model) as T
  if (Array.isArray(model)) return model.map((item: unknown) => redacted(item, redactor)) as T
  if (typeof model !== 'object' || model === null) return model
  return Object.fromEntries(
    Object.entries(model).map(([key, value]) => [
      key,
      typeof value === 'string' && membersWithoutSecrets.has(key)
        ? value
        : redacted(value as unknown, redactor),
    ]),
  ) as T
}
