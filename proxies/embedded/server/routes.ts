import type { ProxyCollection } from './collection.ts'
import { shortestFloat32 } from './decode.ts'
import type { ApiError } from './errors.ts'
import { extensionMember, extensionsJson } from './extensions.ts'
import { connectionJson } from '#proxies/embedded/proxy/connection-log'
import type { Proxy } from '#proxies/embedded/proxy/proxy'
import type { Toxic } from '#proxies/embedded/proxy/toxic-stage'
import { apiVersion } from './version.ts'

export interface Answer {
  readonly status: number
  readonly type?: string
  readonly body?: string
}

type Handler = (
  collection: ProxyCollection,
  names: readonly string[],
  body: string,
) => Answer | Promise<Answer>

interface Route {
  /** Segments of the path; `*` matches a name. */
  readonly path: readonly string[]
  readonly methods: Readonly<Record<string, Handler>>
}

const json = (status: number, value: unknown): Answer => ({
  status,
  type: 'application/json',
  body: JSON.stringify(value),
})
const noContent: Answer = { status: 204 }

/** Errors are JSON with the type of plain text and a newline at the end, as Go's http.Error writes them. */
export function errorAnswer(error: ApiError): Answer {
  return {
    status: error.status,
    type: 'text/plain; charset=utf-8',
    body: `${JSON.stringify({ error: error.message, status: error.status })}\n`,
  }
}

function toxicJson(toxic: Toxic): unknown {
  return {
    attributes: toxic.settings,
    name: toxic.name,
    type: toxic.kind.type,
    stream: toxic.stream,
    toxicity: shortestFloat32(toxic.toxicity),
    ...(toxic.connections === null ? {} : { [extensionMember]: { connections: [...toxic.connections] } }),
  }
}

/** The real server sends `Logger` since 2.5.0, so a client may expect it. */
function proxyJson(proxy: Proxy): unknown {
  return {
    name: proxy.name,
    listen: proxy.listen,
    upstream: proxy.upstream,
    enabled: proxy.enabled,
    Logger: {},
    toxics: proxy.toxics.map(toxicJson),
    [extensionMember]: extensionsJson(proxy.extensions),
  }
}

const updateProxy: Handler = async (collection, [name = ''], body) =>
  json(200, proxyJson(await collection.update(name, body)))
const updateToxic: Handler = async (collection, [proxy = '', name = ''], body) =>
  json(200, toxicJson(await collection.updateToxic(proxy, name, body)))

const routes: readonly Route[] = [
  {
    path: ['version'],
    methods: {
      GET: () => ({
        status: 200,
        type: 'application/json;charset=utf-8',
        body: `{"version": "${apiVersion}"}\n`,
      }),
    },
  },
  {
    path: ['reset'],
    methods: {
      POST: async (collection) => {
        await collection.reset()
        return noContent
      },
    },
  },
  {
    path: ['populate'],
    methods: {
      POST: async (collection, _names, body) => {
        const { proxies, error } = await collection.populate(body)
        const result = { proxies: proxies === null ? null : proxies.map(proxyJson) }
        return error === null
          ? json(201, result)
          : json(error.status, { error: error.message, status: error.status, ...result })
      },
    },
  },
  {
    path: ['proxies'],
    methods: {
      // fromEntries and not an object literal, because a proxy may be named __proto__.
      GET: (collection) =>
        json(200, Object.fromEntries(collection.all().map((proxy) => [proxy.name, proxyJson(proxy)]))),
      POST: async (collection, _names, body) => json(201, proxyJson(await collection.create(body))),
    },
  },
  {
    path: ['proxies', '*'],
    methods: {
      GET: (collection, [name = '']) => json(200, proxyJson(collection.get(name))),
      POST: updateProxy,
      PATCH: updateProxy,
      DELETE: async (collection, [name = '']) => {
        await collection.remove(name)
        return noContent
      },
    },
  },
  {
    path: ['proxies', '*', 'toxics'],
    methods: {
      GET: (collection, [name = '']) => json(200, collection.get(name).toxics.map(toxicJson)),
      POST: async (collection, [name = ''], body) =>
        json(200, toxicJson(await collection.addToxic(name, body))),
    },
  },
  {
    // Not in Toxiproxy: the connection log, and ending live connections.
    path: ['proxies', '*', 'connections'],
    methods: {
      GET: (collection, [name = '']) =>
        json(200, { connections: collection.get(name).connections.map(connectionJson) }),
      POST: (collection, [name = ''], body) =>
        json(200, { connections: collection.endConnections(name, body) }),
    },
  },
  {
    path: ['proxies', '*', 'toxics', '*'],
    methods: {
      GET: (collection, [proxy = '', name = '']) => json(200, toxicJson(collection.toxic(proxy, name))),
      POST: updateToxic,
      PATCH: updateToxic,
      DELETE: async (collection, [proxy = '', name = '']) => {
        await collection.removeToxic(proxy, name)
        return noContent
      },
    },
  },
]

/** Finds the route of a decoded path, and the names in it; null if there is none. */
export function findRoute(path: string): { readonly route: Route; readonly names: readonly string[] } | null {
  const segments = path.split('/').slice(1)
  for (const route of routes) {
    if (route.path.length !== segments.length) continue
    if (
      route.path.every((part, index) => (part === '*' ? segments[index] !== '' : part === segments[index]))
    ) {
      return { route, names: segments.filter((_, index) => route.path[index] === '*') }
    }
  }
  return null
}
