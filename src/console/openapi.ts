/** The OpenAPI document, made from what the routes say about themselves. Knows the format, not the routes. */
import { z } from 'zod';

export interface RouteDescription {
  readonly summary: string;
  readonly detail?: string;
  readonly request?: z.ZodType;
  /** Where it differs from JSON. */
  readonly requestType?: 'multipart/form-data';
  readonly query?: z.ZodObject;
  /** Status of success (200) and its body; without one there is none. */
  readonly status?: number;
  readonly response?: z.ZodType;
  readonly responseType?: 'text/event-stream' | 'text/plain';
}

export interface DescribedRoute {
  readonly method: string;
  /** Fastify's pattern, parameters as `:id`. */
  readonly url: string;
  readonly describe: RouteDescription;
}

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> => {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Record<string, unknown>;
  return json;
};

/** https://spec.openapis.org/oas/v3.1.0: 3.1 because its schemas are JSON Schema 2020-12, which zod writes. */
export function openapiOf(
  routes: readonly DescribedRoute[],
  problem: z.ZodType,
  about: { readonly version: string; readonly needsToken: boolean },
): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { method, url, describe } of routes) {
    const parameters = [
      ...[...url.matchAll(/:(\w+)/g)].map(([, name]) => ({
        name,
        in: 'path',
        required: true,
        schema: { type: 'string' },
      })),
      ...Object.entries(describe.query?.shape ?? {}).map(([name, schema]) => ({
        name,
        in: 'query',
        required: false,
        schema: schemaOf(schema as z.ZodType, 'output'),
      })),
    ];
    const path = url.replace(/:(\w+)/g, '{$1}');
    paths[path] ??= {};
    paths[path][method.toLowerCase()] = {
      summary: describe.summary,
      ...(describe.detail ? { description: describe.detail } : {}),
      ...(parameters.length > 0 ? { parameters } : {}),
      ...(describe.request
        ? {
            requestBody: {
              required: true,
              content: {
                [describe.requestType ?? 'application/json']: { schema: schemaOf(describe.request, 'input') },
              },
            },
          }
        : {}),
      responses: {
        [String(describe.status ?? 200)]: {
          description: 'Done',
          ...(describe.response
            ? {
                content: {
                  [describe.responseType ?? 'application/json']: { schema: schemaOf(describe.response, 'output') },
                },
              }
            : {}),
        },
        default: {
          description: 'What is wrong and what to do',
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
    };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Docent', version: about.version },
    ...(about.needsToken ? { security: [{ token: [] }] } : {}),
    paths,
    components: {
      schemas: { Problem: schemaOf(problem, 'output') },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}
