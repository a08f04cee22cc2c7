/** The page's style: one column, both colour schemes, phones and paper. Its hash stands in the page's policy. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #1b2330; --dim: #566173; --line: #dde2ea; --soft: #eef1f5; --link: #0b57d0;
  --pass: #11693a; --fail: #b3131d; --warn: #8a5200; --notice: #0b5a8a; --off: #566173; --odd: #6b3fa0;
  --pass-bg: #e2f4e8; --fail-bg: #fde7e7; --warn-bg: #fdf0d8; --notice-bg: #e0f0fa; --off-bg: #e9ecf1; --odd-bg: #f0e8fa;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', 'DejaVu Sans Mono', monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #10141b; --card: #181e27; --ink: #e4e9f1; --dim: #9aa6b8; --line: #2c3542; --soft: #212936; --link: #8ab4f8;
    --pass: #6fd598; --fail: #ff9a94; --warn: #f3bf62; --notice: #7cc7f2; --off: #a4afbf; --odd: #c9a8f5;
    --pass-bg: #14301f; --fail-bg: #421a1c; --warn-bg: #392a0e; --notice-bg: #112d3f; --off-bg: #27303d; --odd-bg: #2e2142;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif; }
[hidden] { display: none !important; }
a { color: var(--link); }
p { margin: 0; }
h1, h2, h3, h4, p, li, dt, dd, td, th, code, summary { unicode-bidi: isolate; overflow-wrap: anywhere; }
thead th, tbody th[scope='rowgroup'] { overflow-wrap: normal; }
code, pre { font-family: var(--mono); font-size: .875em; }
.dim { color: var(--dim); font-weight: 400; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--card); padding: .5rem 1rem; border-radius: .4rem; z-index: 2; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: .3rem; }
.wide, main, footer { max-width: 70rem; margin-inline: auto; padding-inline: 1.25rem; }
header { background: var(--card); border-bottom: 1px solid var(--line); border-top: .4rem solid var(--fail); padding-block: 1.5rem 1.75rem; }
header.ok { border-top-color: var(--pass); }
.brand { color: var(--dim); font-weight: 600; letter-spacing: .02em; }
h1 { margin: .15rem 0 0; font-size: 2.4rem; line-height: 1.15; letter-spacing: -.015em; color: var(--fail); }
header.ok h1 { color: var(--pass); }
.says { font-size: 1.15rem; margin-top: .25rem; }
.facts { display: flex; flex-wrap: wrap; gap: .6rem 2.2rem; margin: 1.1rem 0 0; }
.facts dt { color: var(--dim); font-size: .8125rem; }
.facts dd { margin: 0; }
.bar { display: block; width: 100%; height: .7rem; margin-top: 1.4rem; border-radius: .35rem; }
.f-pass { fill: var(--pass); } .f-fail, .f-harness-error { fill: var(--fail); } .f-warn { fill: var(--warn); }
.f-notice { fill: var(--notice); } .f-not-applicable { fill: var(--off); } .f-blocked, .f-inconclusive { fill: var(--odd); }
.counts { list-style: none; margin: .9rem 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: .5rem 1.7rem; }
.counts li > a, .counts li > div { display: flex; flex-direction: column; line-height: 1.25; color: inherit; text-decoration: none; }
.counts a:hover { text-decoration: underline; }
.counts strong { font-size: 1.4rem; font-variant-numeric: tabular-nums; }
.counts span { font-size: .8125rem; }
.counts .none { color: var(--dim); }
.counts .none strong { font-weight: 400; }
.notes { margin-top: 1.25rem; font-size: .9375rem; }
.notes ul { margin: .15rem 0 .6rem; padding-left: 1.2rem; }
main { padding-bottom: 2rem; }
section { margin-top: 2.75rem; }
h2 { font-size: 1.5rem; line-height: 1.2; margin: 0 0 .75rem; letter-spacing: -.01em; }
h3 { font-size: 1.1rem; margin: 1.75rem 0 .6rem; }
h4 { font-size: .875rem; margin: 1.1rem 0 .35rem; color: var(--dim); font-weight: 600; }
.lead { max-width: 46rem; margin-bottom: 1rem; }
.badge { display: inline-block; padding: .05rem .55rem; border-radius: 1rem; font-size: .8125rem; font-weight: 600; white-space: nowrap; }
.badge.v-pass, .badge.s-confirmed, .badge.c-present { color: var(--pass); background: var(--pass-bg); }
.badge.v-fail, .badge.v-harness-error, .badge.s-refuted { color: var(--fail); background: var(--fail-bg); }
.badge.v-warn, .badge.s-partly, .badge.c-broken { color: var(--warn); background: var(--warn-bg); }
.badge.v-notice { color: var(--notice); background: var(--notice-bg); }
.badge.v-not-applicable, .badge.s-not-measured, .badge.c-absent { color: var(--off); background: var(--off-bg); }
.badge.v-blocked, .badge.v-inconclusive { color: var(--odd); background: var(--odd-bg); }
.counts .v-pass:not(.none), .sum.v-pass { color: var(--pass); }
.counts .v-fail:not(.none), .counts .v-harness-error:not(.none), .sum.v-fail, .sum.v-harness-error { color: var(--fail); }
.counts .v-warn:not(.none), .sum.v-warn { color: var(--warn); }
.counts .v-notice:not(.none), .sum.v-notice { color: var(--notice); }
.sum.v-not-applicable { color: var(--off); }
.counts .v-blocked:not(.none), .counts .v-inconclusive:not(.none), .sum.v-blocked, .sum.v-inconclusive { color: var(--odd); }
.scroll { overflow-x: auto; }
.tall {
  max-height: 36rem; overflow-y: auto; border: 1px solid var(--line); border-radius: .4rem;
  background: linear-gradient(var(--card) 30%, transparent) top / 100% 2.5rem no-repeat local, linear-gradient(transparent, var(--card) 70%) bottom / 100% 2.5rem no-repeat local,
    linear-gradient(var(--line), transparent) top / 100% .8rem no-repeat scroll, linear-gradient(transparent, var(--line)) bottom / 100% .8rem no-repeat scroll;
}
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .55rem .75rem; }
thead th { font-size: .8125rem; color: var(--dim); font-weight: 600; border-bottom: 1px solid var(--line); }
.comparison, .capabilities { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; border-collapse: separate; border-spacing: 0; overflow: hidden; }
.comparison thead th { font-size: 1rem; color: var(--ink); background: var(--soft); }
.comparison { table-layout: fixed; }
.comparison thead th:first-child { width: 9.5rem; }
.comparison td { border-left: 1px solid var(--line); padding: .9rem 1rem; }
.comparison tbody th { padding: .9rem 1rem; }
.comparison tr.start > * { border-top: 1px solid var(--line); }
.comparison tr:not(.start) > td { border-top: 1px dashed var(--line); }
.statement + .statement { margin-top: 1.1rem; }
.statement .head { display: flex; flex-wrap: wrap; gap: .5rem; align-items: baseline; font-size: .875rem; }
.statement:target { outline: 3px solid var(--link); outline-offset: .4rem; border-radius: .3rem; }
.claim { margin-top: .15rem; }
.statement .claim { color: var(--dim); }
p.figures, p.needs { margin-top: .2rem; }
p.figures { font-weight: 500; }
p.needs { color: var(--dim); font-size: .9375rem; }
.from { margin-top: .2rem; font-size: .875rem; color: var(--dim); }
.from ul { margin: .2rem 0 0; padding-left: 1.2rem; }
summary { cursor: pointer; }
.cards { list-style: none; margin: 0; padding: 0; display: grid; gap: .6rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem; }
.card .head { display: flex; flex-wrap: wrap; gap: .25rem .7rem; align-items: baseline; }
.card.e-fail, .card.e-harness-error { border-color: var(--fail); }
.pair { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .2rem 1rem; margin: .5rem 0 0; }
.pair dt { color: var(--dim); }
.pair dd { margin: 0; }
.filters { display: flex; flex-wrap: wrap; gap: .6rem; align-items: end; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem; }
.field { display: flex; flex-direction: column; gap: .15rem; font-size: .8125rem; color: var(--dim); }
.grow { flex: 1 1 14rem; }
input, select, button { font: inherit; font-size: .9375rem; color: var(--ink); background: var(--page); border: 1px solid var(--dim); border-radius: .4rem; padding: .35rem .6rem; min-height: 2.4rem; max-width: 100%; }
button { cursor: pointer; background: var(--soft); }
.buttons { display: flex; flex-wrap: wrap; gap: .4rem; }
.shown { flex-basis: 100%; font-size: .875rem; color: var(--dim); }
.nothing { margin-top: 1.5rem; }
.group { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; margin-top: .5rem; }
.group > summary { display: flex; flex-wrap: wrap; gap: .1rem .75rem; align-items: baseline; padding: .6rem 1rem; list-style: none; }
.group > summary::-webkit-details-marker, .row > summary::-webkit-details-marker { display: none; }
.group > summary::before, .row > summary::before { content: ''; flex: none; width: .45rem; height: .45rem; border: solid var(--dim); border-width: 0 .12rem .12rem 0; transform: translateY(-.1rem) rotate(-45deg); }
.group[open] > summary::before, .row[open] > summary::before { transform: translateY(-.2rem) rotate(45deg); }
.group .name { font-weight: 600; }
.label { min-width: 7.5rem; }
.sums { margin-left: auto; font-variant-numeric: tabular-nums; white-space: nowrap; }
.sum + .sum { margin-left: .6rem; }
.sum { font-weight: 600; }
.row { border-top: 1px solid var(--line); }
.row > summary { display: flex; gap: .7rem; align-items: baseline; padding: .45rem 1rem; list-style: none; }
.row > summary:hover, .group > summary:hover { background: var(--soft); }
.mark { flex: 0 0 8.4rem; }
.flaky { color: var(--odd); border: 1px solid; padding-block: 0; }
.what { flex: 1 1 auto; min-width: 0; }
.what code { font-weight: 600; }
.what .claim { display: block; color: var(--dim); font-size: .9375rem; margin: 0; }
.level { flex: none; font-size: .8125rem; }
.body { padding: .2rem 1rem 1.1rem 2.1rem; }
.row:target > summary { background: var(--notice-bg); }
table.figures { width: auto; font-size: .9375rem; }
table.figures th, table.figures td { padding: .1rem 1.2rem .1rem 0; font-variant-numeric: tabular-nums; }
table.figures th { font-weight: 400; color: var(--dim); }
table.figures td { min-width: 5.5rem; }
.transcript { font-size: .875rem; }
.transcript td, .transcript th { padding: .2rem .6rem; }
.transcript td + td + td { width: 100%; }
.transcript td:first-child, .transcript th:first-child { text-align: right; font-variant-numeric: tabular-nums; color: var(--dim); white-space: nowrap; }
.transcript tbody tr { border-top: 1px solid var(--line); }
.transcript td:nth-child(2) { white-space: nowrap; }
.transcript td:nth-child(2)::before { font-weight: 700; margin-right: .35rem; }
.t-harness td:nth-child(2)::before { content: '>'; color: var(--notice); }
.t-target td:nth-child(2)::before { content: '<'; color: var(--pass); }
.t-proxy td:nth-child(2)::before { content: '='; color: var(--warn); }
.t-gap { color: var(--dim); }
.bytes { overflow-x: auto; }
code.hex { display: block; white-space: pre; color: var(--dim); font-size: .8125rem; }
.again { margin-top: 1.1rem; display: grid; grid-template-columns: minmax(0, 1fr) max-content; gap: .3rem .6rem; align-items: center; }
.again p { grid-column: 1 / -1; font-size: .875rem; }
.again pre { margin: 0; padding: .55rem .8rem; background: var(--soft); border-radius: .4rem; overflow-x: auto; white-space: pre-wrap; }
.capabilities th { white-space: nowrap; font-weight: 400; }
.capabilities tbody tr > * { border-top: 1px solid var(--line); }
footer { padding-block: 1rem 3rem; color: var(--dim); font-size: .875rem; }
@media (max-width: 42rem) {
  h1 { font-size: 1.9rem; }
  .comparison, .comparison tbody, .comparison tr, .comparison td, .comparison th { display: block; width: auto !important; }
  .comparison thead { display: none; }
  .comparison tbody th { background: var(--soft); padding: .55rem 1rem; font-size: 1.05rem; }
  .comparison td { border-left: 0; }
  .comparison td + td, .comparison tr:not(.start) > td { border-top: 1px dashed var(--line); }
  .comparison td::before { content: attr(data-side); display: block; font-weight: 600; font-size: .875rem; margin-bottom: .35rem; }
  .row > summary { flex-wrap: wrap; row-gap: .1rem; }
  .mark { flex: 1 1 auto; }
  .what { flex-basis: 100%; order: 3; }
  .body { padding-left: 1rem; }
  .pair { grid-template-columns: 1fr; gap: 0; }
  .pair dd { margin-bottom: .4rem; }
  .capabilities th { white-space: normal; }
  .transcript, .transcript tbody, .transcript td { display: block; }
  .transcript thead { display: none; }
  .transcript tbody tr { display: grid; grid-template-columns: max-content minmax(0, 1fr); padding: .25rem 0; }
  .transcript td + td + td { grid-column: 1 / -1; width: auto; min-width: 0; }
  .transcript td { padding-block: .05rem; }
  .again { grid-template-columns: minmax(0, 1fr); justify-items: start; }
  .again pre { width: 100%; }
}
@media print {
  .tall { max-height: none; background: none; }
  :root { --page: #fff; --card: #fff; --soft: #f3f3f3; }
  .filters, .skip, .copy { display: none !important; }
  .row, .card, .statement, tr { break-inside: avoid; }
  body { font-size: .85rem; }
  a { color: inherit; }
}
`
