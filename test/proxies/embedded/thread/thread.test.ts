import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { expect } from 'chai'

import { startEngineThread, workerFile } from '#proxies/embedded/thread/thread'

describe('startEngineThread', () => {
  it('starts from source, serves, and closes', async () => {
    const thread = await startEngineThread({ host: '127.0.0.1', port: 0, seed: 5 })
    expect((await fetch(`${thread.url}/version`)).status).to.equal(200)
    await thread.close()
    expect(
      await fetch(`${thread.url}/version`).then(
        () => 'served',
        () => 'refused',
      ),
    ).to.equal('refused')
  })

  it('closes while connections are open and toxics wait', async () => {
    const thread = await startEngineThread({ host: '127.0.0.1', port: 0 })
    const post = (path: string, body: unknown) =>
      fetch(thread.url + path, { method: 'POST', body: JSON.stringify(body) })
    await post('/proxies', { name: 'p', listen: '127.0.0.1:0', upstream: new URL(thread.url).host })
    await post('/proxies/p/toxics', { type: 'latency', attributes: { latency: 60_000 } })
    await thread.close()
    await thread.close()
  })

  it('reports why it did not start', async () => {
    const first = await startEngineThread({ host: '127.0.0.1', port: 0 })
    const port = Number(new URL(first.url).port)
    const second = await startEngineThread({ host: '127.0.0.1', port }).then(
      () => null,
      (error: Error) => error,
    )
    await first.close()
    expect(second?.message).to.equal(`listen tcp 127.0.0.1:${port}: bind: address already in use`)
  })

  it('finds the file of the worker in the source and in the build', () => {
    const source = workerFile()
    expect(existsSync(fileURLToPath(source))).to.equal(true)
    expect(source.pathname).to.match(/\/worker-from-source\.mjs$/)
    expect(workerFile('file:///somewhere/dist/proxies/embedded/thread/thread.js').href).to.equal(
      'file:///somewhere/dist/proxies/embedded/thread/worker.js',
    )
  })

  it('leaves nothing that keeps a process running', async () => {
    const engine = fileURLToPath(new URL('../../../../proxies/driver/open-engine.ts', import.meta.url))
    const program = `
      const { openEngine } = await import(${JSON.stringify(engine)})
      const engine = await openEngine({ choice: 'embedded', runId: 'leak' })
      await engine.open({ host: '127.0.0.1', port: 9 })
      await engine.close()`
    const child = spawn(process.execPath, ['--import=tsx', '--input-type=module', '-e', program], {
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: fileURLToPath(new URL('../../../..', import.meta.url)),
    })
    let errors = ''
    child.stderr.on('data', (data: Buffer) => (errors += data.toString()))
    const code = await new Promise((resolve) => child.once('exit', resolve))
    expect(errors).to.equal('')
    expect(code).to.equal(0)
  })
})
