import { revalidatePath, revalidateTag } from 'next/cache';

export async function GET(request) {
  const { searchParams } = new URL(request.url);
  const path = searchParams.get('path');
  if (path) revalidatePath(path);
  const tag = searchParams.get('tag');
  if (tag) revalidateTag(tag, searchParams.get('profile') ?? { expire: 0 });
  return new Response('done');
}
