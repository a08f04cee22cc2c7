import { echoSubprotocol } from '#reference/websocket/rules'
import type { Entry } from './websocket-entry.ts'

/** Servers that negotiate subprotocols or extensions wrongly, or accept or reject the wrong origins. */
export const negotiationMutants: readonly Entry[] = [
  // --- Subprotocols and extensions ---
  {
    name: 'subprotocol-without-offer',
    breaks: 'The server names a subprotocol although none was offered.',
    clause: 'RFC6455/4.2.2',
    rules: {
      subprotocolOf: (offered) => (offered.length === 0 ? echoSubprotocol : (offered.flat()[0] ?? null)),
    },
  },
  {
    name: 'subprotocol-not-offered',
    breaks: 'The server selects a subprotocol that was not offered.',
    clause: 'RFC6455/4.2.2',
    rules: { subprotocolOf: (offered) => (offered.length === 0 ? null : echoSubprotocol) },
  },
  {
    name: 'two-subprotocols',
    breaks: 'The server selects two subprotocols.',
    clause: 'RFC6455/11.3.4',
    rules: { subprotocolOf: (offered) => offered.flat().slice(0, 2).join(', ') || null },
  },
  {
    name: 'first-subprotocol-line-only',
    breaks: 'The server reads the first line of offered subprotocols only.',
    clause: 'RFC6455/11.3.4',
    rules: {
      subprotocolOf: ([first]) => (first?.includes(echoSubprotocol) === true ? echoSubprotocol : null),
    },
  },
  {
    name: 'extension-without-offer',
    breaks: 'The server names an extension although none was offered.',
    clause: 'RFC6455/4.2.2',
    rules: { extensionsAnswer: (agreed, offered) => (offered ? agreed : 'x-streamproof') },
  },
  {
    name: 'extension-echoed',
    breaks: 'The server accepts unknown extensions.',
    clause: 'RFC6455/9.1',
    rules: { extensionsAnswer: (agreed, offered) => agreed ?? (offered ? 'x-streamproof-unknown' : null) },
  },
  {
    name: 'first-extension-line-only',
    breaks: 'The server reads the first line of offered extensions only.',
    clause: 'RFC6455/9.1',
    rules: { extensionLines: 'first' },
  },

  // --- Origin ---
  {
    name: 'refuse-allowed-origin',
    breaks: 'The server rejects every request with an Origin header.',
    clause: 'RFC6455/4.2.2',
    rules: { originAccepted: (origin) => origin === null },
  },
  {
    name: 'allow-denied-origin',
    breaks: 'The server accepts every origin.',
    clause: 'RFC6455/10.2',
    rules: { originAccepted: () => true },
  },
  {
    name: 'refuse-origin-with-400',
    breaks: 'The server rejects an origin with status 400.',
    clause: 'RFC6455/10.2',
    rules: { originStatus: 400 },
  },
  {
    name: 'allow-null-origin',
    breaks: 'The server accepts the origin null.',
    clause: 'RFC6455/10.2',
    rules: {
      originAccepted: (origin, { allowed }) => origin === null || origin === 'null' || origin === allowed,
    },
  },
  {
    name: 'origin-by-prefix',
    breaks: 'The server compares only the start of an origin.',
    clause: 'RFC6455/10.2',
    rules: { originAccepted: (origin, { allowed }) => origin === null || origin.startsWith(allowed) },
  },
  {
    name: 'origin-by-suffix',
    breaks: 'The server compares only the end of the host of an origin.',
    clause: 'RFC6455/10.2',
    rules: {
      originAccepted: (origin, { allowed }) =>
        origin === null || origin.endsWith(allowed.replace(/^.*:\/\//, '')),
    },
  },
]
