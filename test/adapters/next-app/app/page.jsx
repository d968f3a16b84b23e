import { cacheLife, cacheTag } from 'next/cache';

async function made() {
  'use cache';
  cacheTag('clock');
  cacheLife('max');
  return process.hrtime.bigint().toString();
}

export default async function Page() {
  return <p>{`made:${await made()}`}</p>;
}
