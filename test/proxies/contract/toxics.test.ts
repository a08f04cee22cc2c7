import { expect } from 'chai'

import { contract } from './contract.ts'

contract('toxics', { concurrent: false }, ({ row }) => {
  row(
    'toxic/answer',
    'creating is 200, not 201, with attributes, name, type, stream and toxicity in this order',
    async (t) => {
      const { path } = await t.proxy('x:1')
      const answer = await t.api('POST', `${path}/toxics`, {
        type: 'latency',
        attributes: { latency: 5, jitter: 2 },
      })
      expect(answer.status).to.equal(200)
      expect(answer.text).to.equal(
        '{"attributes":{"latency":5,"jitter":2},"name":"latency_downstream","type":"latency","stream":"downstream","toxicity":1}',
      )
    },
  )
  const kinds: readonly (readonly [type: string, attributes: Record<string, number>])[] = [
    ['latency', { latency: 0, jitter: 0 }],
    ['bandwidth', { rate: 0 }],
    ['slow_close', { delay: 0 }],
    ['timeout', { timeout: 0 }],
    ['reset_peer', { timeout: 0 }],
    ['limit_data', { bytes: 0 }],
    ['noop', {}],
  ]
  for (const [type, attributes] of kinds) {
    row(`toxic/defaults-${type}`, `attributes of ${type} default to 0`, async (t) => {
      const { path } = await t.proxy('x:1')
      expect((await t.api('POST', `${path}/toxics`, { type })).json).to.deep.include({ type, attributes })
    })
  }
  row(
    'toxic/defaults-slicer',
    'a slicer without a size is accepted; the embedded engine refuses it',
    async (t) => {
      const { path } = await t.proxy('x:1')
      const answer = await t.api('POST', `${path}/toxics`, { type: 'slicer' })
      expect(answer.status).to.equal(t.kind === 'embedded' ? 400 : 200)
      if (t.kind === 'embedded') {
        expect(answer.json).to.deep.equal({
          error: 'invalid toxic setting: slicer.average_size must be at least 1',
          status: 400,
        })
      }
    },
  )
  row(
    'toxic/slicer-variation',
    'a slicer with a variation above its size is accepted; the embedded engine refuses it',
    async (t) => {
      const { path } = await t.proxy('x:1')
      const attributes = { average_size: 5, size_variation: 6 }
      const answer = await t.api('POST', `${path}/toxics`, { type: 'slicer', attributes })
      expect(answer.status).to.equal(t.kind === 'embedded' ? 400 : 200)
    },
  )
  row('toxic/negative-rate', 'a negative rate is accepted; the embedded engine refuses it', async (t) => {
    const { path } = await t.proxy('x:1')
    const answer = await t.api('POST', `${path}/toxics`, { type: 'bandwidth', attributes: { rate: -1 } })
    expect(answer.status).to.equal(t.kind === 'embedded' ? 400 : 200)
  })
  row('toxic/default-direction', 'stream defaults to `downstream` and toxicity to 1', async (t) => {
    const { path } = await t.proxy('x:1')
    expect((await t.api('POST', `${path}/toxics`, { type: 'noop' })).json).to.include({
      stream: 'downstream',
      toxicity: 1,
    })
  })
  row('toxic/default-name', 'the name defaults to type and stream', async (t) => {
    const { path } = await t.proxy('x:1')
    expect((await t.api('POST', `${path}/toxics`, { type: 'noop', stream: 'upstream' })).json).to.include({
      name: 'noop_upstream',
    })
  })
  row('toxic/empty-name', 'an empty name is no name', async (t) => {
    const { path } = await t.proxy('x:1')
    expect((await t.api('POST', `${path}/toxics`, { type: 'noop', name: '' })).json).to.include({
      name: 'noop_downstream',
    })
  })
  row(
    'toxic/stream-case',
    'stream matches in any letter case, and is kept as sent, also in the name',
    async (t) => {
      const { path } = await t.proxy('x:1')
      const answer = await t.api('POST', `${path}/toxics`, { type: 'noop', stream: 'UpStream' })
      expect(answer.json).to.include({ stream: 'UpStream', name: 'noop_UpStream' })
    },
  )
  row('toxic/stream-empty', 'an empty stream is invalid', async (t) => {
    const { path } = await t.proxy('x:1')
    expect((await t.api('POST', `${path}/toxics`, { type: 'noop', stream: '' })).json).to.deep.equal({
      error: 'stream was invalid, can be either upstream or downstream',
      status: 400,
    })
  })
  row('toxic/nulls', 'null leaves every field at its default', async (t) => {
    const { path } = await t.proxy('x:1')
    const body = { type: 'noop', name: null, stream: null, toxicity: null, attributes: null }
    expect((await t.api('POST', `${path}/toxics`, body)).json).to.include({
      name: 'noop_downstream',
      toxicity: 1,
    })
  })
  for (const [id, type] of [
    ['unknown', 'rain'],
    ['missing', undefined],
    ['down', 'down'],
    ['letter-case', 'Latency'],
    ['packet-loss', 'packet_loss'],
  ] as const) {
    row(`toxic/type-${id}`, `type ${String(type)} is invalid`, async (t) => {
      const { path } = await t.proxy('x:1')
      expect((await t.api('POST', `${path}/toxics`, { type })).json).to.deep.equal({
        error: 'invalid toxic type',
        status: 400,
      })
    })
  }
  row('toxic/type-not-text', 'a type that is not text is a bad body', async (t) => {
    const { path } = await t.proxy('x:1')
    expect((await t.api('POST', `${path}/toxics`, { type: 5 })).json).to.deep.equal({
      error:
        'bad request body: json: cannot unmarshal number into Go struct field ToxicWrapper.type of type string',
      status: 400,
    })
  })
  row('toxic/body', 'creating a toxic needs a body', async (t) => {
    const { path } = await t.proxy('x:1')
    expect((await t.api('POST', `${path}/toxics`, '')).json).to.deep.equal({
      error: 'bad request body: EOF',
      status: 400,
    })
  })
  row('toxic/body-array', 'the body of a toxic must be an object', async (t) => {
    const { path } = await t.proxy('x:1')
    expect((await t.api('POST', `${path}/toxics`, [])).json).to.deep.equal({
      error: 'bad request body: json: cannot unmarshal array into Go value of type toxics.ToxicWrapper',
      status: 400,
    })
  })
  row('toxic/clash', 'a name that is in use is 409 `toxic already exists`', async (t) => {
    const { path, name } = await t.proxy('x:1')
    await t.toxic(name, { type: 'noop' })
    expect((await t.api('POST', `${path}/toxics`, { type: 'noop' })).json).to.deep.equal({
      error: 'toxic already exists',
      status: 409,
    })
  })
  row('toxic/clash-directions', 'a name is unique over both directions', async (t) => {
    const { path, name } = await t.proxy('x:1')
    await t.toxic(name, { type: 'noop', name: 'n' })
    expect(
      (await t.api('POST', `${path}/toxics`, { type: 'noop', name: 'n', stream: 'upstream' })).status,
    ).to.equal(409)
  })
  row('toxic/names-per-proxy', 'toxics of different proxies may have the same name', async (t) => {
    const first = await t.proxy('x:1')
    const second = await t.proxy('x:1')
    await t.toxic(first.name, { type: 'noop', name: 'n' })
    await t.toxic(second.name, { type: 'noop', name: 'n' })
  })
  row('toxic/order-stream-type', 'the stream is checked before the type', async (t) => {
    const { path } = await t.proxy('x:1')
    const answer = await t.api('POST', `${path}/toxics`, { type: 'rain', stream: 'sideways' })
    expect(answer.json).to.include({ error: 'stream was invalid, can be either upstream or downstream' })
  })
  row('toxic/order-type-name', 'the type is checked before the name', async (t) => {
    const { path, name } = await t.proxy('x:1')
    await t.toxic(name, { type: 'noop', name: 'n' })
    expect((await t.api('POST', `${path}/toxics`, { type: 'rain', name: 'n' })).status).to.equal(400)
  })
  row('toxic/order-name-attributes', 'the name is checked before the attributes', async (t) => {
    const { path, name } = await t.proxy('x:1')
    await t.toxic(name, { type: 'noop', name: 'n' })
    const answer = await t.api('POST', `${path}/toxics`, {
      type: 'latency',
      name: 'n',
      attributes: { latency: 'x' },
    })
    expect(answer.status).to.equal(409)
  })
  row('toxic/order-attributes-shape', 'the check that attributes are an object comes first', async (t) => {
    const { path, name } = await t.proxy('x:1')
    await t.toxic(name, { type: 'noop', name: 'n' })
    for (const body of [
      { type: 'latency', name: 'n', attributes: 5 },
      { type: 'rain', stream: 'sideways', attributes: 5 },
    ]) {
      expect((await t.api('POST', `${path}/toxics`, body)).json).to.deep.equal({
        error:
          'bad request body: json: cannot unmarshal number into Go struct field ToxicWrapper.attributes of type toxics.NoopToxic',
        status: 400,
      })
    }
  })
  const attributes: readonly (readonly [id: string, json: string, error: string])[] = [
    [
      'text',
      '"x"',
      'json: cannot unmarshal string into Go struct field LatencyToxic.attributes.latency of type int64',
    ],
    [
      'fraction',
      '1.5',
      'json: cannot unmarshal number 1.5 into Go struct field LatencyToxic.attributes.latency of type int64',
    ],
    [
      'exponent',
      '1e2',
      'json: cannot unmarshal number 1e2 into Go struct field LatencyToxic.attributes.latency of type int64',
    ],
    [
      'huge',
      '9223372036854775808',
      'json: cannot unmarshal number 9223372036854775808 into Go struct field LatencyToxic.attributes.latency of type int64',
    ],
    [
      'flag',
      'true',
      'json: cannot unmarshal bool into Go struct field LatencyToxic.attributes.latency of type int64',
    ],
  ]
  for (const [id, json, error] of attributes) {
    row(`toxic/attribute-${id}`, `an attribute that is ${json} is not a whole number`, async (t) => {
      const { path } = await t.proxy('x:1')
      const answer = await t.api(
        'POST',
        `${path}/toxics`,
        `{"type":"latency","attributes":{"latency":${json}}}`,
      )
      expect(answer.json).to.deep.equal({ error: `bad request body: ${error}`, status: 400 })
      expect((await t.api('GET', `${path}/toxics`)).json).to.deep.equal([])
    })
  }
  row(
    'toxic/attribute-beyond-double',
    'attributes beyond 2^53 are accepted; the embedded engine refuses them',
    async (t) => {
      const { path } = await t.proxy('x:1')
      const answer = await t.api(
        'POST',
        `${path}/toxics`,
        '{"type":"latency","attributes":{"latency":9007199254740993}}',
      )
      expect(answer.status).to.equal(t.kind === 'embedded' ? 400 : 200)
    },
  )
  row('toxic/attributes-array', 'attributes that are not an object are 400', async (t) => {
    const { path } = await t.proxy('x:1')
    expect((await t.api('POST', `${path}/toxics`, { type: 'latency', attributes: [] })).status).to.equal(400)
  })
  row(
    'toxic/attribute-case',
    'names of attributes match in any letter case, and unknown ones are ignored',
    async (t) => {
      const { path } = await t.proxy('x:1')
      const body = { type: 'latency', attributes: { LATENCY: 5, colour: 'x' } }
      expect((await t.api('POST', `${path}/toxics`, body)).json).to.deep.include({
        attributes: { latency: 5, jitter: 0 },
      })
    },
  )
  row('toxic/attribute-negative', 'negative delays are accepted', async (t) => {
    const { path } = await t.proxy('x:1')
    const body = { type: 'latency', attributes: { latency: -5 } }
    expect((await t.api('POST', `${path}/toxics`, body)).json).to.deep.include({
      attributes: { latency: -5, jitter: 0 },
    })
  })
  row('toxic/toxicity-float', 'toxicity is a float of 32 bits', async (t) => {
    const { path } = await t.proxy('x:1')
    expect((await t.api('POST', `${path}/toxics`, { type: 'noop', toxicity: 0.123456789 })).json).to.include({
      toxicity: 0.12345679,
    })
  })
  row('toxic/toxicity-short', 'toxicity is shown in its shortest form', async (t) => {
    const { path } = await t.proxy('x:1')
    expect((await t.api('POST', `${path}/toxics`, { type: 'noop', toxicity: 0.1 })).json).to.include({
      toxicity: 0.1,
    })
  })
  row('toxic/toxicity-text', 'a toxicity that is text is 400', async (t) => {
    const { path } = await t.proxy('x:1')
    expect((await t.api('POST', `${path}/toxics`, { type: 'noop', toxicity: 'x' })).status).to.equal(400)
  })
  row('toxic/toxicity-overflow', 'a toxicity that no float holds is 400', async (t) => {
    const { path } = await t.proxy('x:1')
    expect((await t.api('POST', `${path}/toxics`, '{"type":"noop","toxicity":1e400}')).status).to.equal(400)
  })
  row(
    'toxic/toxicity-range',
    'a toxicity below 0 or above 1 is accepted; the embedded engine refuses it',
    async (t) => {
      const { path } = await t.proxy('x:1')
      const expected = t.kind === 'embedded' ? 400 : 200
      expect(
        (await t.api('POST', `${path}/toxics`, { type: 'noop', name: 'a', toxicity: 7 })).status,
      ).to.equal(expected)
      expect(
        (await t.api('POST', `${path}/toxics`, { type: 'noop', name: 'b', toxicity: -1 })).status,
      ).to.equal(expected)
    },
  )
  row('toxic/unknown-proxy', 'a toxic on an unknown proxy is 404', async (t) => {
    expect((await t.api('POST', '/proxies/none/toxics', { type: 'noop' })).json).to.deep.equal({
      error: 'proxy not found',
      status: 404,
    })
  })
  row(
    'toxic/list',
    'the list has upstream toxics first, each direction in the order of creation',
    async (t) => {
      const { path, name } = await t.proxy('x:1')
      for (const [toxic, stream] of [
        ['a', 'downstream'],
        ['b', 'upstream'],
        ['c', 'downstream'],
        ['d', 'upstream'],
      ] as const) {
        await t.toxic(name, { type: 'noop', name: toxic, stream })
      }
      const list = (await t.api('GET', `${path}/toxics`)).json as { name: string }[]
      expect(list.map((one) => one.name).join('')).to.equal('bdac')
    },
  )
  row('toxic/in-proxy', 'the proxy shows the same list', async (t) => {
    const { path, name } = await t.proxy('x:1')
    await t.toxic(name, { type: 'noop' })
    const list = (await t.api('GET', `${path}/toxics`)).json
    expect((await t.api('GET', path)).json).to.deep.include({ toxics: list })
  })
  row('toxic/list-empty', 'without toxics, the list is `[]`', async (t) => {
    const { path } = await t.proxy('x:1')
    expect((await t.api('GET', `${path}/toxics`)).text).to.equal('[]')
  })
  row('toxic/get', 'GET of a toxic returns it', async (t) => {
    const { name } = await t.proxy('x:1')
    const path = await t.toxic(name, { type: 'noop' })
    expect((await t.api('GET', path)).json).to.include({ name: 'noop_downstream' })
  })
  row('toxic/get-unknown', 'an unknown toxic is 404 `toxic not found`', async (t) => {
    const { path } = await t.proxy('x:1')
    expect((await t.api('GET', `${path}/toxics/none`)).json).to.deep.equal({
      error: 'toxic not found',
      status: 404,
    })
  })
  row('toxic/delete', 'DELETE of a toxic is 204', async (t) => {
    const { name } = await t.proxy('x:1')
    const path = await t.toxic(name, { type: 'noop' })
    expect((await t.api('DELETE', path)).status).to.equal(204)
    expect((await t.api('DELETE', path)).json).to.deep.equal({ error: 'toxic not found', status: 404 })
  })
  for (const method of ['POST', 'PATCH']) {
    row(`toxic/update-${method.toLowerCase()}`, `${method} merges attributes, field by field`, async (t) => {
      const { name } = await t.proxy('x:1')
      const path = await t.toxic(name, { type: 'latency', attributes: { latency: 5, jitter: 2 } })
      const answer = await t.api(method, path, { attributes: { jitter: 3 } })
      expect(answer.status).to.equal(200)
      expect(answer.json).to.deep.include({ attributes: { latency: 5, jitter: 3 }, toxicity: 1 })
    })
  }
  row('toxic/update-toxicity', 'toxicity can be updated', async (t) => {
    const { name } = await t.proxy('x:1')
    const path = await t.toxic(name, { type: 'latency', attributes: { latency: 5 } })
    expect((await t.api('PATCH', path, { toxicity: 0.5 })).json).to.deep.include({
      toxicity: 0.5,
      attributes: { latency: 5, jitter: 0 },
    })
  })
  row('toxic/update-identity', 'name, type and stream cannot be updated', async (t) => {
    const { name } = await t.proxy('x:1')
    const path = await t.toxic(name, { type: 'noop' })
    const answer = await t.api('PATCH', path, { name: 'other', type: 'latency', stream: 'upstream' })
    expect(answer.json).to.include({ name: 'noop_downstream', type: 'noop', stream: 'downstream' })
  })
  row('toxic/update-null', 'null, or an empty object, changes nothing', async (t) => {
    const { name } = await t.proxy('x:1')
    const path = await t.toxic(name, { type: 'latency', toxicity: 0.5, attributes: { latency: 5 } })
    for (const body of ['null', '{}', '{"toxicity":null,"attributes":null}']) {
      expect((await t.api('PATCH', path, body)).json).to.deep.include({
        toxicity: 0.5,
        attributes: { latency: 5, jitter: 0 },
      })
    }
  })
  row('toxic/update-body', 'an update needs a body', async (t) => {
    const { name } = await t.proxy('x:1')
    const path = await t.toxic(name, { type: 'noop' })
    expect((await t.api('PATCH', path, '')).json).to.deep.equal({
      error: 'bad request body: EOF',
      status: 400,
    })
  })
  row('toxic/update-array', 'the body of an update must be an object', async (t) => {
    const { name } = await t.proxy('x:1')
    const path = await t.toxic(name, { type: 'noop' })
    expect((await t.api('PATCH', path, '[]')).json).to.deep.equal({
      error:
        'bad request body: json: cannot unmarshal array into Go value of type struct { Attributes interface {} "json:\\"attributes\\""; Toxicity float32 "json:\\"toxicity\\"" }',
      status: 400,
    })
  })
  row(
    'toxic/update-half',
    'an update with one invalid field applies the others; the embedded engine applies nothing',
    async (t) => {
      const { name } = await t.proxy('x:1')
      const path = await t.toxic(name, { type: 'latency', attributes: { latency: 5, jitter: 2 } })
      const answer = await t.api('PATCH', path, '{"attributes":{"latency":77,"jitter":"x"},"toxicity":0.5}')
      expect(answer.status).to.equal(400)
      const latency = t.kind === 'embedded' ? 5 : 77
      expect((await t.api('GET', path)).json).to.deep.include({ attributes: { latency, jitter: 2 } })
    },
  )
  row('toxic/update-unknown', 'an unknown toxic is 404 before the body is read', async (t) => {
    const { path } = await t.proxy('x:1')
    expect((await t.api('PATCH', `${path}/toxics/none`, '{')).json).to.deep.equal({
      error: 'toxic not found',
      status: 404,
    })
  })
  row('toxic/update-unknown-proxy', 'an unknown proxy is reported before an unknown toxic', async (t) => {
    expect((await t.api('PATCH', '/proxies/none/toxics/none', '{')).json).to.deep.equal({
      error: 'proxy not found',
      status: 404,
    })
  })
})
