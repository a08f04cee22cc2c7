import type { CutPlace, StreamEvent, StreamLine } from '#peers/kit'

/**
 * Offset in the body at which a stream has to end so that it ends at this place of this event: that many bytes come,
 * no more. Null where the event has no such place.
 */
export function cutOffset(
  place: CutPlace,
  event: StreamEvent,
  lines: readonly StreamLine[],
  body: Uint8Array,
): number | null {
  const own = lines.filter(({ offset }) => offset >= event.from && offset < event.to)
  const field = (name: string): StreamLine | undefined =>
    own.find((line) => line.kind === 'field' && line.name === name)
  const last = own.findLast(({ kind }) => kind !== 'blank')
  switch (place) {
    case 'between-events':
      return event.from
    case 'in-field-name':
      return inName(field('data'))
    case 'in-id':
      return inValue(field('id'))
    case 'in-data':
      return inValue(field('data'))
    case 'in-character':
      return inCharacter(
        own.filter(({ name }) => name === 'data'),
        body,
      )
    case 'before-blank-line':
      return last === undefined ? null : last.offset + last.bytes.length
    case 'in-blank-line':
      return event.to - 1
  }
}

/** What the place is called in a proof. */
export const placeNames: Readonly<Record<CutPlace, string>> = {
  'between-events': 'between two events',
  'in-field-name': 'inside the field name of an event',
  'in-id': 'inside the id of an event',
  'in-data': 'inside the data of an event',
  'in-character': 'inside a character of several bytes in the data of an event',
  'before-blank-line': 'behind the last field of an event',
  'in-blank-line': 'inside the empty line that ends an event',
}

function inName(line: StreamLine | undefined): number | null {
  return line === undefined ? null : line.offset + Math.ceil(line.name.length / 2)
}

/** In the middle of the value; before it where it is a single byte. */
function inValue(line: StreamLine | undefined): number | null {
  if (line === undefined) return null
  const length = new TextEncoder().encode(line.value).length
  return line.offset + line.bytes.length - Math.ceil(length / 2)
}

function inCharacter(lines: readonly StreamLine[], body: Uint8Array): number | null {
  for (const line of lines) {
    for (let at = line.offset; at < line.offset + line.bytes.length; at += 1) {
      if ((body[at] ?? 0) >= 0xc2) return at + 1
    }
  }
  return null
}
