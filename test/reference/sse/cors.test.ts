import { expect } from 'chai'
import { startReference } from '#reference/start'
import type { Reference } from '#reference/start'
import { RawClient } from '../raw-client.ts'

describe('CORS of the reference', () => {
  let reference: Reference

  before(async () => {
    reference = await startReference()
  })

  after(() => reference.close())

  const preflight = (origin: string): Promise<RawClient> =>
    RawClient.ask(reference.http, [
      'OPTIONS /events HTTP/1.1',
      `Host: ${reference.http.host}`,
      `Origin: ${origin}`,
      'Access-Control-Request-Method: GET',
      'Access-Control-Request-Headers: last-event-id',
    ])

  it('allows the allowed origin to read the stream', async () => {
    await using client = await RawClient.get(reference.http, `Origin: ${reference.allowedOrigin}`)
    const head = await client.until('\r\n\r\n')
    expect(head).to.match(/^HTTP\/1\.1 200 /)
    expect(head).to.include(`Access-Control-Allow-Origin: ${reference.allowedOrigin}\r\n`)
    expect(head).to.include('Access-Control-Allow-Credentials: true\r\nVary: Origin\r\n')
  })

  for (const origin of [
    'https://elsewhere.example',
    'null',
    'https://app.streamproof.example.evil.example',
  ]) {
    it(`rejects the origin ${origin}`, async () => {
      await using client = await RawClient.get(reference.http, `Origin: ${origin}`)
      const response = await client.untilEnd()
      expect(response).to.match(/^HTTP\/1\.1 403 /)
      expect(response).to.not.include('Access-Control-Allow-Origin')
    })
  }

  it('serves its own origin without CORS headers', async () => {
    await using client = await RawClient.get(reference.http, `Origin: ${reference.http.origin}`)
    expect(await client.until('\r\n\r\n'))
      .to.match(/^HTTP\/1\.1 200 /)
      .and.not.include('Access-Control')
  })

  it('answers the preflight for Last-Event-ID', async () => {
    await using client = await preflight(reference.allowedOrigin)
    const head = await client.untilEnd()
    expect(head).to.match(/^HTTP\/1\.1 204 /)
    expect(head).to.include('Access-Control-Allow-Headers: Last-Event-ID, Cache-Control\r\n')
    expect(head).to.include(`Access-Control-Allow-Origin: ${reference.allowedOrigin}\r\n`)
  })

  it('rejects the preflight of another origin', async () => {
    await using client = await preflight(reference.deniedOrigin)
    expect(await client.untilEnd()).to.match(/^HTTP\/1\.1 403 /)
  })
})
