// `npm publish` in the repository would publish a package without its native libraries.
process.stderr.write('ringstone: the packages of `npm run pack` are published; CONTRIBUTING.md, Releasing, says how\n');
process.exitCode = 1;
