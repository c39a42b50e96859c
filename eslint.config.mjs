import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** A rule that is switched off without a reason, or switched off as a whole, teaches the next reader nothing. */
const disablesSayWhy = {
  meta: {
    type: 'suggestion',
    schema: [],
    messages: {
      rule: 'Name the rules you switch off: eslint-disable-next-line <rule> -- <reason>.',
      reason: 'Say why the rule is switched off: eslint-disable-next-line <rule> -- <reason>.',
    },
  },
  create(context) {
    return {
      Program() {
        for (const comment of context.sourceCode.getAllComments()) {
          const directive = /^\s*eslint-disable(?:-next-line|-line)?(?:\s+|$)(.*)$/s.exec(comment.value);
          if (!directive) continue;
          const [rules, reason] = directive[1].split(/\s-{2,}\s/);
          // One column before the comment, where a directive without rules does not silence this rule too.
          const loc = { line: comment.loc.start.line, column: comment.loc.start.column - 1 };
          if (!rules.trim()) context.report({ loc, messageId: 'rule' });
          else if (!reason?.trim()) context.report({ loc, messageId: 'reason' });
        }
      },
    };
  },
};

const sources = ['libs/**/*.{ts,tsx}', 'apps/**/*.{ts,tsx}'];
const tests = ['test/**/*.ts', '**/*.spec.ts'];

export default defineConfig(
  globalIgnores(['**/dist/', 'libs/grantlog/console/', '**/node_modules/', '**/coverage/']),
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { grantlog: { rules: { 'disables-say-why': disablesSayWhy } } },
    rules: { 'grantlog/disables-say-why': 'error' },
  },
  eslint.configs.recommended,
  {
    files: ['**/*.{ts,mts,cts,tsx}'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'] }],
      'object-shorthand': 'error',
      'prefer-const': 'error',
      '@typescript-eslint/ban-ts-comment': ['error', { minimumDescriptionLength: 10 }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-deprecated': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      // Nest's modules and controllers are classes that may hold nothing but their decorator.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/prefer-readonly': 'error',
      // An async method without await rejects where a plain one would throw; both faces of an interface need that.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/return-await': ['error', 'in-try-catch'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/use-unknown-in-catch-callback-variable': 'error',
    },
  },
  {
    files: sources,
    ignores: tests,
    rules: { 'max-lines': ['error', 300], 'max-lines-per-function': ['error', 50] },
  },
  { files: ['libs/**/*.ts'], ignores: tests, rules: { 'no-console': 'error' } },
  {
    files: [...tests, 'bench/**/*.ts'],
    rules: {
      // Answers over HTTP and rows of raw SQL arrive as any; expect() is what checks them.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // expect(spy.method) hands a method over without calling it.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['**/*.{js,cjs,mjs}'],
    languageOptions: {
      globals: {
        console: 'readonly',
        process: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        Buffer: 'readonly',
      },
    },
  },
  {
    files: ['apps/demo/sign-in/*.js'],
    languageOptions: {
      globals: {
        document: 'readonly',
        fetch: 'readonly',
        FormData: 'readonly',
        location: 'readonly',
        sessionStorage: 'readonly',
        URLSearchParams: 'readonly',
      },
    },
  },
  {
    files: ['**/*.{js,cjs}'],
    ignores: ['apps/demo/sign-in/*.js'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: {
        require: 'readonly',
        module: 'writable',
        exports: 'writable',
        __dirname: 'readonly',
        __filename: 'readonly',
      },
    },
  },
);
