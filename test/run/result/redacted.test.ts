import { expect } from 'chai'
import { redacted } from '#run/result/result'

describe('the removal of secrets from a model', () => {
  const redactor = {
    text: (value: string) => value.replaceAll('websocket', '***'),
    bytes: (value: Uint8Array) => value,
  }

  it('changes every text, except words of Streamproof that are equal to a secret', () => {
    // As of ?transport=websocket in the URL of a target.
    const model = {
      protocol: 'websocket',
      url: 'ws://host/?transport=websocket',
      capabilities: { 'ws.echo': { state: 'absent', evidence: 'no websocket here' } },
      results: ['websocket'],
    }
    expect(redacted(model, redactor)).to.deep.equal({
      protocol: 'websocket',
      url: 'ws://host/?transport=***',
      capabilities: { 'ws.echo': { state: 'absent', evidence: 'no *** here' } },
      results: ['***'],
    })
  })
})
