import { z } from 'zod'

type Pair = readonly [name: string, value: string]

const name = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'is not a header name')
// eslint-disable-next-line no-control-regex -- a header value that holds a line break would be two headers
const value = z.string().regex(/^[^\u0000\r\n]*$/, 'holds a line break or NUL')

/** Headers in each of the forms in which people write them. */
export const headersSchema = z.union([
  z.record(name, z.union([value, z.array(value)])),
  z.array(
    z.union([
      z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\u0000\r\n]*$/, "is not 'Name: value'"),
      z.tuple([name, value]),
    ]),
  ),
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
