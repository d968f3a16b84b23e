/** The package's version: that of package.json, which is not read for it, so that importing the package reads no file. */
export const VERSION: string = '0.1.0';
