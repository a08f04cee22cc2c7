// Every check of a server as a test of mocha: npx mocha mocha.test.mjs
import { checks } from 'streamproof'

const list = await checks({ ws: 'ws://localhost:8080/chat' })

describe('the chat endpoint', () => {
  for (const { title, skip, run, timeoutMs } of list) {
    if (skip === null) it(title, run).timeout(timeoutMs)
    else it.skip(`${title} (${skip})`)
  }
})
