// The checks that apply to a server, as tests of mocha; the same list registers in vitest and node:test.
import { checks } from 'streamproof'

const list = await checks({ ws: process.env.TARGET ?? 'ws://localhost:8080/chat' })

describe('our WebSocket endpoint', () => {
  for (const check of list) {
    if (check.skip === null) it(check.title, check.run)
    else it(`${check.title} (${check.skip})`)
  }
})
