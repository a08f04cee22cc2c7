import { expect } from 'chai'
import { resultSchema } from '#model/result'
import { redacted } from '#run/result/redacted'
import { mixedReport } from '../../reports/support/fixture.ts'

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

  it('leaves a result valid if a word of Streamproof is a secret', () => {
    const words = [
      'server',
      'harness',
      'target',
      'proxy',
      'fin',
      'frame',
      'fail',
      'MUST',
      'RFC6455',
      'protocol',
    ]
    for (const secret of [...words, 'server-to-client', 'connection']) {
      const redactor = {
        text: (value: string) => value.replaceAll(secret, '***'),
        bytes: (value: Uint8Array) => value,
      }
      for (const result of mixedReport().results)
        expect(
          resultSchema.safeParse(redacted(result, redactor)).error,
          `${secret} in ${result.id}`,
        ).to.equal(undefined)
    }
  })
})
