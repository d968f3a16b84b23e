// The suite loads the native library of cargo's profile `checked` (optimised, with debug assertions); the variable is
// the loader's own, and child processes inherit it. `npm run jest` builds that library first.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { nativeLibraryPath } from './scripts/native.mjs';

const checked = nativeLibraryPath('checked');
if (!process.env.NAPI_RS_NATIVE_LIBRARY_PATH && existsSync(checked)) process.env.NAPI_RS_NATIVE_LIBRARY_PATH = checked;

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
