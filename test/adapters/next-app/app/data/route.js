export async function GET(request) {
  const origin = new URL(request.url).searchParams.get('origin');
  const answer = await fetch(origin, { next: { tags: ['origin'], revalidate: 3600 } });
  return new Response(await answer.text());
}
