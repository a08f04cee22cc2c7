// The rules for commit messages: `type(scope): imperative`, at most 72 characters, and a body that says why and what a
// user sees. They hold for the commits after the one that added this file: see scripts/lint-commits.mjs.
const types = ['build', 'chore', 'docs', 'feat', 'fix', 'perf', 'refactor', 'revert', 'test']

/** Imperatives that look like another form of a verb. */
const imperatives = new Set(['bring', 'embed', 'feed', 'focus', 'need', 'speed', 'string'])

export default {
  defaultIgnores: true,
  plugins: [
    {
      rules: {
        'subject-imperative': ({ subject }) => {
          const verb = /^\S+/.exec(subject ?? '')?.[0] ?? ''
          const isImperative = imperatives.has(verb) || !/(?:[^s]s|ed|ing)$/.test(verb)
          return [
            isImperative,
            `subject must begin with an imperative ("add", not "adds" or "added"), not "${verb}"`,
          ]
        },
      },
    },
  ],
  rules: {
    'type-empty': [2, 'never'],
    'type-enum': [2, 'always', types],
    'scope-empty': [2, 'never'],
    'scope-case': [2, 'always', ['kebab-case', 'lower-case']],
    'subject-empty': [2, 'never'],
    'subject-full-stop': [2, 'never', '.'],
    'subject-imperative': [2, 'always'],
    'header-max-length': [2, 'always', 72],
    'header-trim': [2, 'always'],
    'body-empty': [2, 'never'],
    'body-leading-blank': [2, 'always'],
  },
}
