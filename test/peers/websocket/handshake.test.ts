import { expect } from 'chai'
import { Violation } from '#model/errors'
import type { HandshakeChanges, Kit } from '#peers/kit'
import { encodeFrame } from '#wire/websocket/frames'
import { Stage, accepting, echoing } from '../stage.ts'
import type { Act } from '../stage.ts'

const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value))
const refusing = (status: number, body = ''): string =>
  `HTTP/1.1 ${status} No\r\nContent-Length: ${body.length}\r\n\r\n${body}`

describe('handshake', () => {
  let stage: Stage
  beforeEach(() => (stage = new Stage()))
  afterEach(async () => {
    await stage.close()
    expect(stage.standing.size, 'connections that nobody ended').to.equal(0)
  })

  const kitFor = async (act: Act, timeScale = 1): Promise<Kit> =>
    stage.session(await stage.serve(act), { timeScale }).kit
  const actual = async (run: () => unknown): Promise<string> => {
    const error = await Promise.resolve()
      .then(run)
      .then(
        () => null,
        (thrown: unknown) => thrown,
      )
    if (error instanceof Violation) return error.actual
    throw new Error(`no violation, but ${String(error)}`)
  }

  /** The head that arrives at the server, the key replaced. */
  const sent = async (changes: HandshakeChanges): Promise<string> => {
    let head = ''
    const url = await stage.serve((socket) => {
      socket.on('data', (bytes) => {
        head += bytes.toString('latin1')
        if (head.includes('\r\n\r\n')) socket.end(refusing(400))
      })
    })
    await stage.session(url).kit.handshake(changes)
    return head.replaceAll(url.host, 'HOST').replace(/[A-Za-z0-9+/]{22}==/, 'KEY')
  }

  it('changes the request line', async () => {
    expect(await sent({ method: 'POST', target: 'absolute', version: 'HTTP/1.0' })).to.match(
      /^POST http:\/\/HOST\/ HTTP\/1\.0\r\n/,
    )
    expect(await sent({ target: '/other' })).to.match(/^GET \/other HTTP\/1\.1\r\n/)
  })

  it('omits, replaces, adds and rewrites headers, and sends bytes after them', async () => {
    const head = await sent({
      without: ['host', 'Upgrade'],
      with: [['Connection', 'keep-alive, Upgrade']],
      extra: [['Sec-WebSocket-Version', '8']],
      rewrite: (headers) =>
        headers.map(([name, value]): [string, string] => [name.toLowerCase(), value]).toReversed(),
      rawLine: 'Bad Line\r\n',
      followedBy: text('after'),
    })
    expect(head).to.equal(
      'GET / HTTP/1.1\r\nsec-websocket-version: 8\r\nsec-websocket-version: 13\r\nsec-websocket-key: KEY\r\n' +
        'connection: keep-alive, Upgrade\r\nBad Line\r\n\r\nafter',
    )
  })

  it('sends the head in the given segments', async () => {
    expect(await sent({ segments: [1] })).to.match(/^GET \/ HTTP\/1\.1\r\nHost: HOST\r\n[^]*\r\n\r\n$/)
  })

  it('replaces one header by two of the same name', async () => {
    const head = await sent({
      with: [
        ['Sec-WebSocket-Version', '13'],
        ['Sec-WebSocket-Version', '8'],
      ],
    })
    expect(head).to.match(/Version: 13\r\nSec-WebSocket-Version: 8\r\n\r\n$/)
  })

  it('gives the accepted connection, with the bytes after the head', async () => {
    const kit = await kitFor((socket) => {
      socket.once('data', (bytes) => socket.write(`${accepting(bytes.toString())}\x81\x02hi`, 'latin1'))
    })
    const answer = await kit.handshake()
    const ws = await answer.expectAccepted()
    await ws.expectMessage('text', 'hi')
    expect(answer.head?.get('upgrade')).to.equal('websocket')
    expect(await actual(() => answer.expectRefused())).to.equal('an answer with status 101')
    expect(await actual(() => answer.expectHttpError())).to.equal('an answer with status 101')
  })

  it('counts another status, a FIN or a RST as a refusal, and only a 4xx or 5xx as an HTTP error', async () => {
    const forbidden = await (await kitFor((socket) => void socket.write(refusing(403)))).handshake()
    forbidden.expectRefused()
    expect(forbidden.expectHttpError().status).to.equal(403)
    expect(await actual(() => forbidden.expectAccepted())).to.equal('an answer with status 403')
    const redirect = await (await kitFor((socket) => void socket.write(refusing(302)))).handshake()
    redirect.expectRefused()
    expect(await actual(() => redirect.expectHttpError())).to.equal('an answer with status 302')
    const fin = await (await kitFor((socket) => void socket.end())).handshake()
    fin.expectRefused()
    expect(fin.ending).to.deep.equal({ by: 'target', how: 'fin', code: null })
    const rst = await (await kitFor((socket) => void socket.resetAndDestroy())).handshake()
    rst.expectRefused()
    expect(await actual(() => rst.expectHttpError())).to.match(/^the target ended the connection \(TCP RST/)
  })

  it('reports a 503 to the scheduler, also in answer to an invalid handshake', async () => {
    const kit = await kitFor((socket) => void socket.write(refusing(503)))
    const answer = await kit.handshake({ without: ['host'] })
    answer.expectRefused()
    expect(stage.refused).to.deep.equal(['status-503'])
  })

  it('does not count silence or garbage as a refusal', async () => {
    const mute = await (await kitFor((socket) => void socket.resume(), 0.05)).handshake()
    expect(await actual(() => mute.expectRefused())).to.equal('no complete answer in time')
    const half = await (await kitFor((socket) => void socket.write('HTTP/1.1 4'), 0.05)).handshake()
    expect(await actual(() => half.expectRefused())).to.equal('no complete answer in time')
    const garbage = await (await kitFor((socket) => void socket.write('\x00\x01'))).handshake()
    expect(await actual(() => garbage.expectRefused())).to.equal('bytes that are not an HTTP response')
  })

  describe('expectNoFrame', () => {
    const ping = encodeFrame({ opcode: 9, payload: text('nonce'), key: Uint8Array.of(1, 2, 3, 4) })
    const afterRefusal = async (act: Act, timeScale = 1): Promise<string | null> => {
      const answer = await (await kitFor(act, timeScale)).handshake()
      answer.expectRefused()
      answer.sendBytes(ping)
      return actual(() => answer.expectNoFrame()).catch(() => null)
    }
    const then =
      (more: string): Act =>
      (socket) => {
        socket.once('data', () => {
          socket.write(refusing(400, 'a body'))
          socket.once('data', () => socket.write(Buffer.from(more, 'latin1')))
        })
      }

    it('passes if the target ends, answers in HTTP, or is silent', async () => {
      expect(await afterRefusal((socket) => void socket.end(refusing(400)))).to.equal(null)
      expect(await afterRefusal(then(refusing(400)), 0.05)).to.equal(null)
      expect(await afterRefusal((socket) => void socket.write(refusing(400)), 0.05)).to.equal(null)
    })

    it('fails if the frame is answered', async () => {
      expect(await afterRefusal(then('\x8a\x05nonce'))).to.equal('the target answered with a frame')
    })

    it('fails if an accepted connection delivers a frame', async () => {
      const answer = await (await kitFor(echoing)).handshake()
      answer.sendBytes(ping)
      expect(await actual(() => answer.expectNoFrame())).to.equal('the target answered with a frame')
    })
  })
})
