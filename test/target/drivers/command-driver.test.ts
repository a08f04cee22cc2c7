import { once } from 'node:events'
import net from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { expect } from 'chai'
import { CommandDriver } from '#target/drivers/command-driver'
import type { CommandOptions } from '#target/drivers/command-driver'

/** A client that connects to PORT and exits with the status that it receives in one line. */
const client = `
  const socket = require('node:net').connect(Number(process.env.PORT), '127.0.0.1')
  socket.on('data', (line) => process.exit(Number(line)))
  socket.on('error', () => process.exit(9))
`
const command = [process.execPath, '-e', client] as const

describe('the driver of a command', () => {
  let server: net.Server
  let env: { PORT: string }

  beforeEach(async () => {
    server = net.createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    env = { PORT: String((server.address() as AddressInfo).port) }
  })

  afterEach(() => void server.close())

  function driverOf(options: Partial<CommandOptions> = {}): CommandDriver {
    return new CommandDriver({ index: 0, protocol: 'websocket' }, { command, ...options })
  }

  /** The next connections that the server accepts. */
  function connections(count: number): Promise<readonly Socket[]> {
    return new Promise((resolve) => {
      const sockets: Socket[] = []
      const accept = (socket: Socket): void => {
        socket.on('error', () => undefined)
        if (sockets.push(socket) < count) return
        server.off('connection', accept)
        resolve(sockets)
      }
      server.on('connection', accept)
    })
  }

  async function connection(): Promise<Socket> {
    const [socket] = await connections(1)
    if (socket === undefined) throw new Error('no connection')
    return socket
  }

  /** Resolves when the driver has noticed this many crashes. */
  function crash(driver: CommandDriver, count = 1): Promise<void> {
    let left = count
    return new Promise((resolve) => {
      const remove = driver.onCrash(() => {
        left -= 1
        if (left > 0) return
        remove()
        resolve()
      })
    })
  }

  it('says that a target is alive while its process runs', async () => {
    const driver = driverOf()
    const process = driver.start({ env })
    await connection()
    expect([await driver.isAlive(), await driver.acceptsConnections(), driver.crashed()]).to.deep.equal([
      true,
      true,
      null,
    ])
    expect(process.isRunning).to.equal(true)
    await driver.close()
    expect(process.isRunning).to.equal(false)
  })

  it('takes an unexpected exit status for a crash, and an expected one for none', async () => {
    const driver = driverOf({ expectedStatuses: [0, 3] })
    driver.start({ env })
    const expected = await connection()
    expected.write('3')
    await once(expected, 'close')
    driver.start({ env })
    const noticed = crash(driver)
    ;(await connection()).write('4')
    await noticed
    expect(driver.crashed()).to.deep.equal({ cause: 'exited with status 4' })
    expect(await driver.isAlive()).to.equal(false)
  })

  it('takes the end by a signal for a crash, unless the harness stopped the process', async function () {
    if (process.platform === 'win32') return this.skip()
    const driver = driverOf()
    const stopped = driver.start({ env })
    await connection()
    await stopped.stop()
    expect(driver.crashed()).to.equal(null)
    driver.start({ words: ['x', '-'], env: { PORT: env.PORT } })
    await connection()
    await driver.close()
    expect(driver.crashed()).to.equal(null)
    const aborts = driverOf({ command: [process.execPath, '-e', 'process.kill(process.pid, "SIGKILL")'] })
    const noticed = crash(aborts)
    aborts.start()
    await noticed
    expect(aborts.crashed()).to.deep.equal({ cause: 'was killed by SIGKILL' })
  })

  it('takes a command that cannot be started for one that crashed', async () => {
    const driver = driverOf({ command: ['./no-such-program'] })
    const noticed = crash(driver)
    driver.start()
    await noticed
    expect(driver.crashed()).to.deep.equal({ cause: 'could not be started (ENOENT)' })
    await driver.close()
  })

  it('starts a crashed process again, but not one that its owner has stopped', async () => {
    const driver = driverOf()
    const [kept, released] = [driver.start({ env }), driver.start({ env })]
    const sockets = await connections(2)
    const noticed = crash(driver, 2)
    for (const socket of sockets) socket.write('1')
    await noticed
    await released.stop()
    const again = connection()
    await driver.restart()
    await again
    expect([kept.isRunning, released.isRunning, await driver.isAlive()]).to.deep.equal([true, false, true])
    await driver.close()
  })
})
