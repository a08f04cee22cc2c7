import { expect } from 'chai'
import { startReference } from '#reference/start'
import type { Reference } from '#reference/start'
import { RawClient, publish } from '../raw-client.ts'

describe('publishing, to the reference', () => {
  let reference: Reference

  before(async () => {
    reference = await startReference()
  })

  after(() => reference.close())

  for (const event of ['a\nb', 'a\rb', 'a\0b']) {
    it(`refuses the event name and the id ${JSON.stringify(event)}`, async () => {
      expect(await publish(reference.publish, { data: 'x', event })).to.deep.equal({ status: 400, id: null })
      expect(await publish(reference.publish, { data: 'x', id: event })).to.deep.equal({
        status: 400,
        id: null,
      })
    })
  }

  it('takes a raw body, its name and its id in the query', async () => {
    await using client = await RawClient.get(reference.http)
    await client.until('retry: 1000')
    const url = new URL('?event=n%C3%A9&id=x%201', reference.publish)
    const answer = await fetch(url, { method: 'POST', body: '{"data":1}' })
    expect(await answer.json()).to.deep.equal({ id: 'x 1' })
    const response = Buffer.from(await client.until('1}\n\n'), 'latin1').toString()
    expect(response).to.include('id: x 1\nevent: né\ndata: {"data":1}\n\n')
  })

  for (const body of ['', '[]', '{"data":1}', '{"data":"x","id":1}', '{"data":"x","event":[]}', '{"data"']) {
    it(`refuses the JSON ${JSON.stringify(body)}`, async () => {
      const answer = await fetch(reference.publish, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      await answer.text()
      expect(answer.status).to.equal(400)
    })
  }

  it('refuses other methods with 405 and Allow', async () => {
    const answer = await fetch(reference.publish)
    await answer.text()
    expect([answer.status, answer.headers.get('allow')]).to.deep.equal([405, 'POST, OPTIONS'])
  })

  it('refuses more than a mebibyte', async () => {
    await using client = await RawClient.ask(reference.publish, [
      'POST /publish HTTP/1.1',
      `Host: ${reference.publish.host}`,
      'Content-Length: 1048577',
    ])
    expect(await client.untilEnd()).to.match(/^HTTP\/1\.1 413 /)
  })
})
