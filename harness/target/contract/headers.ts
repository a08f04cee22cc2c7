import { z } from 'zod'

type Pair = readonly [name: string, value: string]

const name = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'is not a header name')
const value = z.string().refine(oneLine, 'holds a line break or NUL')
const line = z
  .string()
  .refine((text) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:/.test(text) && oneLine(text), "is not 'Name: value'")

/** A header value that holds a line break would be two headers. */
function oneLine(text: string): boolean {
  return !['\r', '\n', '\0'].some((bad) => text.includes(bad))
}

/** Headers in each of the forms in which people write them. */
export const headersSchema = z.union([
  z.record(name, z.union([value, z.array(value)])),
  z.array(z.union([line, z.tuple([name, value])])),
])

export type HeadersGiven = z.infer<typeof headersSchema>

/** As a list, in the order given. */
export function headerList(given: HeadersGiven | undefined): Pair[] {
  if (given === undefined) return []
  if (Array.isArray(given)) return given.map((one) => (typeof one === 'string' ? split(one) : one))
  return Object.entries(given).flatMap(([name, values]) => [values].flat().map((one): Pair => [name, one]))
}

function split(line: string): Pair {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).trim()]
}
