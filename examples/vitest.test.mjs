// Every check of a server as a test of vitest: npx vitest run vitest.test.mjs
import { checks } from 'streamproof'
import { describe, it } from 'vitest'

const list = await checks({ ws: 'ws://localhost:8080/chat' })

describe('the chat endpoint', () => {
  for (const { title, skip, run, timeoutMs } of list) {
    if (skip === null) it(title, run, timeoutMs)
    else it.skip(`${title} (${skip})`)
  }
})
