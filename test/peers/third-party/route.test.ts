import { expect } from 'chai'
import { Dispatcher } from 'undici'
import { withHeaders } from '#peers/third-party/route'
import { endpointOf } from '../stage.ts'

/** Records requests instead of sending them. */
class Recorder extends Dispatcher {
  readonly requests: Readonly<Record<'origin' | 'headers' | 'body', unknown>>[] = []

  override dispatch({ origin, headers, body }: Dispatcher.DispatchOptions): boolean {
    this.requests.push({ origin, headers, body })
    return true
  }
}

describe('withHeaders', () => {
  const endpoint = endpointOf(new URL('https://host/events'), { headers: [['X-Key', 'secret']] })

  function send(origin: string): Recorder {
    const recorder = new Recorder()
    const dispatcher = withHeaders(recorder, endpoint, () => [['last-event-id', '7']])
    const headers = ['accept', '*/*', 'content-length', '6']
    dispatcher.dispatch({ origin, path: '/events', method: 'POST', headers, body: 'secret' }, {})
    return recorder
  }

  it('adds the headers of the contract and of the check to a request over TLS', () => {
    expect(send('https://host').requests).to.deep.equal([
      {
        origin: 'https://host',
        headers: ['accept', '*/*', 'content-length', '6', 'X-Key', 'secret', 'last-event-id', '7'],
        body: 'secret',
      },
    ])
  })

  it('withholds credentials and body from a redirect to plain text', () => {
    expect(send('http://host').requests).to.deep.equal([
      { origin: 'http://host', headers: ['accept', '*/*', 'last-event-id', '7'], body: null },
    ])
  })
})
