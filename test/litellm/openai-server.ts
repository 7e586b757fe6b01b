import type { Leaf } from '../../certs-fixtures/issue-leaf.ts';
import { startUpstream, type Upstream } from '../harness/tls-upstream.ts';

/** What the model of the tests says. */
export const modelSays = 'it is what it is';

/** A model provider with the one endpoint of OpenAI's API that LiteLLM needs; without a leaf it speaks plain http. */
export function startOpenaiServer(leaf?: Leaf): Promise<Upstream> {
  const answer = JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'chat',
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: modelSays } }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  });
  return startUpstream({
    ...(leaf === undefined ? { protocol: 'http' as const } : { leaf }),
    handler: (request, response) => {
      const isKnown = request.method === 'POST' && request.url === '/v1/chat/completions';
      request.resume().once('end', () => {
        response.writeHead(isKnown ? 200 : 404, { 'Content-Type': 'application/json' });
        response.end(isKnown ? answer : '{"error":{"message":"no such endpoint"}}');
      });
    },
  });
}
