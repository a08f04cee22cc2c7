import { expect } from 'chai'
import { capabilities } from '#model/model'
import { howToEnable } from '#run/result/enable'

describe('what would make a check apply', () => {
  it('is known for every capability, by its whole name', () => {
    for (const name of capabilities) expect(howToEnable(`needs ${name}: not seen`), name).to.be.a('string')
    expect(howToEnable('needs sse.publish.id: no {id}')).to.equal(
      '{id} in the publish plan of the configuration',
    )
    expect(howToEnable('needs sse.publish: none')).to.equal(
      '--publish-url URL, or publish in the configuration',
    )
    expect(howToEnable('compares both protocols, and an sse target is not given')).to.equal('--sse URL')
    expect(howToEnable('no reason: ws.echo')).to.equal(null)
  })
})
