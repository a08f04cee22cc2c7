// Every check of a server as a test of Node's own runner: node --test node.test.mjs
import { test } from 'node:test'
import { checks } from 'streamproof'

const list = await checks({ ws: 'ws://localhost:8080/chat' })

for (const { title, skip, run, timeoutMs } of list) {
  await test(title, { skip: skip ?? false, timeout: timeoutMs }, run)
}
