// The suite loads the native library of cargo's profile `checked` (optimised, with debug assertions), which
// `npm run jest` builds first. ts/native.ts reads the variable, and child processes inherit it.
import { fileURLToPath } from 'node:url';
import { nativeLibraryPath } from './scripts/native.mjs';

process.env.RINGSTONE_NATIVE_LIBRARY ??= nativeLibraryPath('checked');

export default {
  rootDir: fileURLToPath(new URL('.', import.meta.url)),
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2023', parser: { syntax: 'typescript', explicitResourceManagement: true } },
        module: { type: 'es6' },
      },
    ],
  },
  testTimeout: 30_000,
};
