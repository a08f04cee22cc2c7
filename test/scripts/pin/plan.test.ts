import { existsSync } from 'node:fs'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { pinNames, planPins } from '../../../scripts/pin/plan.ts'
import type { Machine } from '../../../scripts/pin/plan.ts'

const complete: Machine = {
  servers: [
    { name: 'ws', missing: null },
    { name: 'nchan', missing: null },
  ],
  hasServerPackages: true,
  hasToxiproxy: true,
}

const namesOf = (machine: Machine, ...wanted: Parameters<typeof planPins>[1] & {}): string[] =>
  planPins(machine, wanted).steps.map(({ name }) => name)

describe('npm run pin: the plan', () => {
  it('updates everything where the machine has everything, the page after the verdicts', () => {
    expect(namesOf(complete)).to.deep.equal(pinNames)
    expect(planPins(complete).unpinned).to.deep.equal([])
  })

  it('updates only the steps that are named', () => {
    expect(namesOf(complete, 'page', 'ids')).to.deep.equal(['ids', 'page'])
  })

  it('runs files that exist, with the variable that makes each write', () => {
    for (const { args, env } of planPins(complete).steps) {
      const file = args.findLast((arg) => /^(?:test|scripts)\//.test(arg)) ?? ''
      expect(existsSync(new URL(`../../../${file}`, import.meta.url)), file).to.equal(true)
      expect(
        args.includes('--update') || env['UPDATE_SNAPSHOTS'] === '1' || env['UPDATE_EXPECTATIONS'] === '1',
      ).to.equal(true)
    }
  })

  it('updates the servers that the machine has, and names the others', () => {
    const { steps, unpinned } = planPins({
      ...complete,
      servers: [
        { name: 'ws', missing: null },
        { name: 'nchan', missing: 'nginx with libnginx-mod-nchan' },
      ],
    })
    expect(steps.find(({ name }) => name === 'servers')?.env['STREAMPROOF_REAL']).to.equal('ws')
    expect(unpinned).to.deep.equal([
      { what: 'expected verdicts of nchan', reason: 'this machine has no nginx with libnginx-mod-nchan' },
    ])
  })

  it('updates no server without the packages of the servers, and says how to install them', () => {
    const { steps, unpinned } = planPins({ ...complete, hasServerPackages: false })
    expect(steps.map(({ name }) => name)).to.deep.equal(['ids', 'capabilities', 'matrix', 'page'])
    expect(unpinned).to.deep.equal([
      {
        what: 'expected verdicts of ws, nchan',
        reason: 'their packages are not installed; run `npm ci --prefix test/real --ignore-scripts`',
      },
    ])
  })

  it('names what a real Toxiproxy would show', () => {
    expect(planPins({ ...complete, hasToxiproxy: false }).unpinned).to.deep.equal([
      {
        what: 'verdicts under faults through a real Toxiproxy',
        reason: 'there is no toxiproxy-server on PATH; CI compares them with those of the embedded engine',
      },
    ])
  })

  it('names no server where only other files are updated', () => {
    expect(planPins({ ...complete, hasToxiproxy: false }, ['ids']).unpinned).to.deep.equal([])
  })
})
