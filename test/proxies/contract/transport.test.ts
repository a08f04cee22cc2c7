import { connect } from 'node:net'

import { expect } from 'chai'

import { engineVersion } from '#proxies/embedded/server/version'
import { contract } from './contract.ts'

const plain = 'text/plain; charset=utf-8'

contract('HTTP', { concurrent: false }, ({ row }) => {
  row(
    'http/version-body',
    '`/version` is `{"version": "2.12.0"}`, with that space and a newline; `git` if it was built without a version number',
    async (t) => {
      const answer = await t.api('GET', '/version')
      expect(answer.status).to.equal(200)
      expect(answer.text).to.match(/^\{"version": "(2\.12\.0|git)"\}\n$/)
    },
  )
  row('http/version-type', 'the content type of `/version` has a charset', async (t) => {
    expect((await t.api('GET', '/version')).headers.get('content-type')).to.equal(
      'application/json;charset=utf-8',
    )
  })
  row(
    'http/engine-header',
    'the embedded engine names itself in `X-Streamproof-Engine`; the real server sends no such header',
    async (t) => {
      const header = (await t.api('GET', '/version')).headers.get('x-streamproof-engine')
      expect(header).to.equal(t.kind === 'embedded' ? engineVersion : null)
    },
  )
  row('http/request-id', 'a matched route carries a request id of 20 characters', async (t) => {
    expect((await t.api('GET', '/proxies')).headers.get('x-toxiproxy-request-id')).to.match(/^[0-9a-v]{20}$/)
  })
  row('http/request-id-fresh', 'every answer has a different request id', async (t) => {
    const first = await t.api('GET', '/version')
    const second = await t.api('GET', '/version')
    expect(first.headers.get('x-toxiproxy-request-id')).to.not.equal(
      second.headers.get('x-toxiproxy-request-id'),
    )
  })
  row('http/request-id-on-errors', 'refusals of a matched route carry a request id too', async (t) => {
    expect((await t.api('GET', '/proxies/none')).headers.get('x-toxiproxy-request-id')).to.have.length(20)
  })
  row('http/no-request-id-on-404', "the router's 404 carries no request id", async (t) => {
    expect((await t.api('GET', '/nowhere')).headers.get('x-toxiproxy-request-id')).to.equal(null)
  })
  row('http/no-request-id-on-405', "the router's 405 carries no request id", async (t) => {
    expect((await t.api('PUT', '/version')).headers.get('x-toxiproxy-request-id')).to.equal(null)
  })
  row('http/browser-guard', 'a browser is refused with 403 and a line of text', async (t) => {
    const answer = await t.api('GET', '/version', undefined, { 'user-agent': 'Mozilla/5.0 (X11)' })
    expect(answer.status).to.equal(403)
    expect(answer.text).to.equal('User agent not allowed\n')
    expect(answer.headers.get('content-type')).to.equal(plain)
  })
  row('http/browser-guard-writes', 'a refused browser changes nothing', async (t) => {
    const name = t.name()
    await t.api('POST', '/proxies', { name, upstream: 'x:1' }, { 'user-agent': 'Mozilla/5.0' })
    expect((await t.api('GET', `/proxies/${name}`)).status).to.equal(404)
  })
  row(
    'http/browser-guard-404',
    'the browser guard applies to matched routes alone: an unknown path is 404',
    async (t) => {
      expect((await t.api('GET', '/nowhere', undefined, { 'user-agent': 'Mozilla/5.0' })).status).to.equal(
        404,
      )
    },
  )
  row('http/browser-guard-405', 'a browser that uses a wrong method gets 405, not 403', async (t) => {
    expect((await t.api('PUT', '/version', undefined, { 'user-agent': 'Mozilla/5.0' })).status).to.equal(405)
  })
  row('http/browser-guard-start', 'the browser guard checks only the start of the user agent', async (t) => {
    expect((await t.api('GET', '/version', undefined, { 'user-agent': 'x Mozilla/5.0' })).status).to.equal(
      200,
    )
  })
  row('http/no-cors', '`Origin` is ignored, and no CORS header is sent', async (t) => {
    const answer = await t.api('GET', '/version', undefined, { origin: 'http://elsewhere.test' })
    expect(answer.status).to.equal(200)
    expect(answer.headers.get('access-control-allow-origin')).to.equal(null)
  })
  row('http/any-host', '`Host` is ignored', async (t) => {
    expect(
      await raw(t.url, 'GET /version HTTP/1.1\r\nHost: elsewhere.test\r\nConnection: close\r\n\r\n'),
    ).to.match(/^HTTP\/1\.1 200 /)
  })
  row('http/absolute-form', 'the request target may be in absolute form', async (t) => {
    const request =
      'GET http://elsewhere.test/version HTTP/1.1\r\nHost: elsewhere.test\r\nConnection: close\r\n\r\n'
    expect(await raw(t.url, request)).to.match(/^HTTP\/1\.1 200 /)
  })
  row('http/not-found', 'an unknown path gives 404 in plain text', async (t) => {
    const answer = await t.api('GET', '/nowhere')
    expect(answer.status).to.equal(404)
    expect(answer.text).to.equal('404 page not found\n')
    expect(answer.headers.get('content-type')).to.equal(plain)
    expect(answer.headers.get('x-content-type-options')).to.equal('nosniff')
  })
  row('http/root', 'the root is an unknown path', async (t) => {
    expect((await t.api('GET', '/')).status).to.equal(404)
  })
  row('http/trailing-slash', 'a slash at the end is an unknown path', async (t) => {
    for (const path of ['/proxies/', '/version/', '/proxies/x/', '/proxies/x/toxics/']) {
      expect((await t.api('GET', path)).status, path).to.equal(404)
    }
  })
  row('http/head', 'HEAD is a wrong method', async (t) => {
    expect((await t.api('HEAD', '/version')).status).to.equal(405)
  })
  row('http/options', 'OPTIONS is a wrong method', async (t) => {
    expect((await t.api('OPTIONS', '/proxies')).status).to.equal(405)
  })
  const methods: readonly (readonly [id: string, path: string, allowed: readonly string[]])[] = [
    ['version', '/version', ['GET']],
    ['reset', '/reset', ['POST']],
    ['populate', '/populate', ['POST']],
    ['proxies', '/proxies', ['GET', 'POST']],
    ['proxy', '/proxies/none', ['GET', 'POST', 'PATCH', 'DELETE']],
    ['toxics', '/proxies/none/toxics', ['GET', 'POST']],
    ['toxic', '/proxies/none/toxics/none', ['GET', 'POST', 'PATCH', 'DELETE']],
  ]
  for (const [id, path, allowed] of methods) {
    row(
      `http/methods-${id}`,
      `${path} accepts ${allowed.join(', ')}; any other method is 405 without a body`,
      async (t) => {
        for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter(
          (one) => !allowed.includes(one),
        )) {
          const answer = await t.api(method, path)
          expect(answer.status, method).to.equal(405)
          expect(answer.text, method).to.equal('')
          expect(answer.headers.get('content-type'), method).to.equal(null)
        }
      },
    )
  }
  row('http/double-slash', 'a doubled slash is redirected to the clean path', async (t) => {
    const answer = await t.api('GET', '//proxies')
    expect([answer.status, answer.headers.get('location'), answer.text]).to.deep.equal([301, '/proxies', ''])
  })
  row('http/redirect-query', 'the redirect keeps the query', async (t) => {
    expect((await t.api('GET', '//x?y=1&z')).headers.get('location')).to.equal('/x?y=1&z')
  })
  row('http/redirect-before-405', 'the redirect comes before the check of the method', async (t) => {
    expect((await t.api('PUT', '//version')).status).to.equal(301)
  })
  row('http/dot-segments', 'a path with dot segments is redirected to the clean path', async (t) => {
    const answer = await raw(t.url, 'GET /a/./../version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect(answer).to.match(/^HTTP\/1\.1 301 [^]*\r\nLocation: \/version\r\n/i)
  })
  row(
    'http/post-becomes-get',
    'a POST that follows the redirect becomes a GET, and creates nothing',
    async (t) => {
      const name = t.name()
      const response = await fetch(`${t.url}//proxies`, {
        method: 'POST',
        body: JSON.stringify({ name, upstream: 'x:1' }),
      })
      expect(response.status).to.equal(200)
      expect(await response.json()).to.not.have.property(name)
    },
  )
  row('http/encoded-slash', 'an encoded slash also splits the path', async (t) => {
    expect((await t.api('GET', '/proxies/a%2Fb')).text).to.equal('404 page not found\n')
  })
  row('http/encoded-name', 'a name in the path is percent-decoded', async (t) => {
    const name = `sp b?é#${t.name()}`
    t.defer(() => t.api('DELETE', `/proxies/${encodeURIComponent(name)}`))
    await t.api('POST', '/proxies', { name, upstream: 'x:1', enabled: false })
    expect((await t.api('GET', `/proxies/${encodeURIComponent(name)}`)).json).to.include({ name })
  })
  row('http/encoded-path', 'the path is percent-decoded', async (t) => {
    expect((await t.api('GET', '/%76ersion')).status).to.equal(200)
  })
  row('http/bad-encoding', 'a broken percent-encoding is a bad request', async (t) => {
    expect(await raw(t.url, 'GET /proxies/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).to.match(
      /^HTTP\/1\.1 400 /,
    )
  })
  row('http/query-ignored', 'a query is ignored', async (t) => {
    expect((await t.api('GET', '/version?x=1')).status).to.equal(200)
  })
  row('http/json-type', 'a success is application/json', async (t) => {
    expect((await t.api('GET', '/proxies')).headers.get('content-type')).to.equal('application/json')
  })
  row(
    'http/error-type',
    'a refusal is JSON with `error` and `status`, typed as plain text, with `nosniff` and a final newline',
    async (t) => {
      const answer = await t.api('GET', '/proxies/none')
      expect(answer.text).to.equal('{"error":"proxy not found","status":404}\n')
      expect(answer.headers.get('content-type')).to.equal(plain)
      expect(answer.headers.get('x-content-type-options')).to.equal('nosniff')
    },
  )
  row('http/no-content', 'a 204 has neither body nor type', async (t) => {
    const { path } = await t.proxy('x:1')
    const answer = await t.api('DELETE', path)
    expect([answer.status, answer.text, answer.headers.get('content-type')]).to.deep.equal([204, '', null])
  })
  row('http/request-type-ignored', 'the content type of a request is ignored', async (t) => {
    const name = t.name()
    const body = JSON.stringify({ name, upstream: 'x:1', enabled: false })
    expect((await t.api('POST', '/proxies', body, { 'content-type': 'text/xml' })).status).to.equal(201)
  })
  row('http/keep-alive', 'a connection serves several requests in order', async (t) => {
    const request = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`
    const answers = await raw(
      t.url,
      request('/version') + request('/nowhere') + request('/version', 'Connection: close\r\n'),
    )
    expect(answers.match(/HTTP\/1\.1 (\d+)/g)).to.deep.equal(['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200'])
  })
  row('http/no-metrics', 'without its flags, `/metrics` is 404', async (t) => {
    expect((await t.api('GET', '/metrics')).text).to.equal('404 page not found\n')
  })
})

contract('JSON', { concurrent: false }, ({ row }) => {
  const refused = (id: string, statement: string, body: string, text: string): void =>
    row(id, statement, async (t) => {
      const answer = await t.api('POST', '/proxies', body)
      expect(answer.json).to.deep.equal({ error: `bad request body: ${text}`, status: 400 })
    })
  refused('json/empty', 'an empty body', '', 'EOF')
  refused('json/truncated', 'a body that breaks off', '{"name": "a', 'unexpected EOF')
  refused(
    'json/not-json',
    'a body that is no JSON',
    '<x>',
    "invalid character '<' looking for beginning of value",
  )
  refused(
    'json/control',
    'a control character is shown escaped',
    '\u0001',
    "invalid character '\\x01' looking for beginning of value",
  )
  refused(
    'json/literal',
    'a broken literal',
    '{"name":tru}',
    "invalid character '}' in literal true (expecting 'e')",
  )
  refused(
    'json/no-comma',
    'a missing comma',
    '{"name":"a" "x"}',
    `invalid character '"' after object key:value pair`,
  )
  refused('json/no-colon', 'a missing colon', '{"a"}', "invalid character '}' after object key")
  refused(
    'json/trailing-comma',
    'a comma too many',
    '{"a":1,}',
    "invalid character '}' looking for beginning of object key string",
  )
  refused(
    'json/leading-zero',
    'a number with a leading zero',
    '{"a":01}',
    "invalid character '1' after object key:value pair",
  )
  refused(
    'json/array',
    'an array',
    '[]',
    'json: cannot unmarshal array into Go value of type toxiproxy.Proxy',
  )
  refused(
    'json/string',
    'a string',
    '"x"',
    'json: cannot unmarshal string into Go value of type toxiproxy.Proxy',
  )
  refused(
    'json/number',
    'a number',
    '5',
    'json: cannot unmarshal number into Go value of type toxiproxy.Proxy',
  )
  refused(
    'json/wrong-type',
    'a field of another type',
    '{"name":5}',
    'json: cannot unmarshal number into Go struct field Proxy.name of type string',
  )
  refused(
    'json/wrong-bool',
    'a word for a flag',
    '{"name":"a","upstream":"x","enabled":"no"}',
    'json: cannot unmarshal string into Go struct field Proxy.enabled of type bool',
  )
  row('json/null-body', 'null is an object without fields', async (t) => {
    expect((await t.api('POST', '/proxies', 'null')).json).to.deep.equal({
      error: 'missing required field: name',
      status: 400,
    })
  })
  row('json/first-value', 'only the first value of a body is read; anything may follow it', async (t) => {
    const name = t.name()
    expect(
      (await t.api('POST', '/proxies', `{"name":"${name}","upstream":"x:1","enabled":false}trailing {`))
        .status,
    ).to.equal(201)
  })
  row('json/unknown-fields', 'unknown fields are ignored', async (t) => {
    const name = t.name()
    const answer = await t.api('POST', '/proxies', {
      name,
      upstream: 'x:1',
      enabled: false,
      colour: { a: [1, null] },
    })
    expect(answer.json).to.not.have.property('colour')
    expect(answer.status).to.equal(201)
  })
  row('json/letter-case', 'field names match without regard to letter case', async (t) => {
    const name = t.name()
    const answer = await t.api('POST', '/proxies', {
      NAME: name,
      UpStream: 'x:1',
      eNabled: false,
      LISTEN: 'q:0',
    })
    expect(answer.json).to.deep.include({ name, upstream: 'x:1', enabled: false, listen: 'q:0' })
  })
  row('json/null-field', 'null leaves a field at its default', async (t) => {
    const name = t.name()
    const answer = await t.api('POST', '/proxies', {
      name,
      upstream: 'x:1',
      listen: '127.0.0.1:0',
      enabled: null,
    })
    expect(answer.json).to.include({ enabled: true })
  })
  row('json/last-wins', 'the last of two equal fields wins', async (t) => {
    const name = t.name()
    const answer = await t.api(
      'POST',
      '/proxies',
      `{"name":"lost","name":"${name}","upstream":"x:1","enabled":false}`,
    )
    expect(answer.json).to.include({ name })
  })
  row('json/surrogate', 'half a surrogate pair becomes U+FFFD', async (t) => {
    const name = t.name()
    t.defer(() => t.api('DELETE', `/proxies/${name}%EF%BF%BD`))
    const answer = await t.api(
      'POST',
      '/proxies',
      `{"name":"${name}\\ud800","upstream":"x:1","enabled":false}`,
    )
    expect(answer.json).to.include({ name: `${name}\ufffd` })
  })
  row('json/escapes', 'escapes are decoded', async (t) => {
    const name = t.name()
    const answer = await t.api(
      'POST',
      '/proxies',
      `{"name":"${name}","upstream":"\\u0041\\t\\/\\ud83d\\ude00","enabled":false}`,
    )
    expect(answer.json).to.include({ upstream: 'A\t/😀' })
  })
})

/** Sends bytes, and gives what comes until the server closes. */
function raw(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    let heard = ''
    const socket = connect(Number(port), hostname, () => socket.write(request))
    socket.setTimeout(3000, () => socket.destroy())
    socket.on('data', (data) => (heard += data.toString('latin1')))
    socket.on('error', reject)
    socket.on('close', () => resolve(heard))
  })
}
