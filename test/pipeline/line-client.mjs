// A client of the line protocol: greets, then repeats the line that it gets. `--rude` makes it skip the greeting.
import net from 'node:net'

const rude = process.argv.includes('--rude')
const socket = net.connect(Number(process.argv.at(-1)), '127.0.0.1')
socket.on('error', () => socket.destroy())
socket.write(rude ? 'go on\n' : 'hello\n')
socket.once('data', (line) => socket.end(line))
