import { expect } from 'chai'
import { startReference } from '#reference/start'
import type { Reference } from '#reference/start'
import { RawClient, publish } from '../raw-client.ts'

describe('the publish endpoint of the reference', () => {
  let reference: Reference

  before(async () => {
    reference = await startReference()
  })

  after(() => reference.close())

  for (const event of ['a\nb', 'a\rb', 'a\0b']) {
    it(`rejects the event name and the id ${JSON.stringify(event)}`, async () => {
      expect(await publish(reference.publish, { data: 'x', event })).to.deep.equal({ status: 400, id: null })
      expect(await publish(reference.publish, { data: 'x', id: event })).to.deep.equal({
        status: 400,
        id: null,
      })
    })
  }

  it('accepts a raw body with event and id in the query', async () => {
    await using client = await RawClient.get(reference.http)
    await client.until('retry: 1000')
    const url = new URL('?event=n%C3%A9&id=x%201', reference.publish)
    const accepted = await fetch(url, { method: 'POST', body: '{"data":1}' })
    expect(await accepted.json()).to.deep.equal({ id: 'x 1' })
    const response = Buffer.from(await client.until('1}\n\n'), 'latin1').toString()
    expect(response).to.include('id: x 1\nevent: né\ndata: {"data":1}\n\n')
  })

  for (const body of ['', '[]', '{"data":1}', '{"data":"x","id":1}', '{"data":"x","event":[]}', '{"data"']) {
    it(`rejects the JSON ${JSON.stringify(body)}`, async () => {
      const response = await fetch(reference.publish, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      await response.text()
      expect(response.status).to.equal(400)
    })
  }

  it('rejects other methods with 405 and Allow', async () => {
    const response = await fetch(reference.publish)
    await response.text()
    expect([response.status, response.headers.get('allow')]).to.deep.equal([405, 'POST, OPTIONS'])
  })

  it('rejects more than one MiB', async () => {
    await using client = await RawClient.ask(reference.publish, [
      'POST /publish HTTP/1.1',
      `Host: ${reference.publish.host}`,
      'Content-Length: 1048577',
    ])
    expect(await client.untilEnd()).to.match(/^HTTP\/1\.1 413 /)
  })
})
