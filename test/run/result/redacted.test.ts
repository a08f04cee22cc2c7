import { expect } from 'chai'
import { redacted } from '#run/result/result'

describe('the last look at a model', () => {
  const redactor = {
    text: (value: string) => value.replaceAll('websocket', '***'),
    bytes: (value: Uint8Array) => value,
  }

  it('takes secrets out of every text, but leaves our own words, though a secret be one of them', () => {
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
