import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import { protocols } from '#protocols/index'
import { progressHooks } from '#cli/output/progress'
import { Terminal } from '#cli/output/terminal'

class Output extends EventEmitter {
  written = ''
  readonly columns = 80
  readonly isTTY: boolean

  constructor(isTTY: boolean) {
    super()
    this.isTTY = isTTY
  }

  write(text: string): boolean {
    this.written += text
    return true
  }
}

/** What a run of four checks prints, of which one fails, one warns and one is run again. */
function printed(isTTY: boolean): readonly string[] {
  const [out, err] = [new Output(isTTY), new Output(isTTY)]
  const hooks = progressHooks(new Terminal(out as never, err as never), true, protocols)
  hooks.discovering?.('websocket', 'ws://host/chat')
  hooks.discovering?.('sse', 'http://host/events')
  hooks.planned?.({ total: 6, applicable: 4, notApplicable: 2, exclusive: 1 })
  hooks.started?.('ws/a')
  hooks.observed?.('ws/a', 'pass', false)
  hooks.started?.('ws/b')
  hooks.observed?.('ws/b', 'fail', true)
  hooks.started?.('ws/c')
  hooks.observed?.('ws/b', 'fail', false)
  hooks.observed?.('ws/c', 'warn', false)
  hooks.finding?.('the target crashed')
  hooks.observed?.('ws/d', 'inconclusive', false)
  expect(out.written).to.equal('')
  return err.written.split(isTTY ? '\r\u001b[K' : '\n').filter((line) => line !== '')
}

describe('cli: progress', () => {
  it('is a few lines if stderr is not a terminal', () => {
    expect(printed(false)).to.deep.equal([
      'streamproof: discovering what the WebSocket server supports: ws://host/chat',
      'streamproof: discovering what the event stream supports: http://host/events',
      'streamproof: 6 checks: 4 applicable (1 exclusive), 2 not applicable',
      'streamproof: 1 of 4 checks done',
      'streamproof: 2 of 4 checks done',
      'streamproof: 3 of 4 checks done',
      'streamproof: the target crashed',
    ])
  })

  it('is one line with a bar, the failures and the oldest running check on a terminal', () => {
    expect(printed(true)).to.deep.equal([
      'discovering what the WebSocket server supports: ws://host/chat',
      'discovering what the event stream supports: http://host/events',
      '[....................]  0/4',
      '[....................]  0/4  ws/a',
      '[#####...............]  1/4',
      '[#####...............]  1/4  ws/b',
      '[#####...............]  1/4',
      '[#####...............]  1/4  ws/c',
      '[##########..........]  2/4  1 failed  ws/c',
      '[###############.....]  3/4  2 failed',
      'streamproof: the target crashed\n',
      '[####################]  4/4  2 failed',
    ])
  })
})
