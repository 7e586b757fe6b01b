# What is in it, how it is run and how its bases are pinned by digest: docs/image.md.
ARG BUILD_IMAGE=docker.io/library/node:26.10.0-trixie-slim
# Node and its libraries, without shell, npm or package manager; "nonroot" is uid 65532.
ARG BASE_IMAGE=gcr.io/distroless/nodejs26-debian13:nonroot

FROM ${BUILD_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
# For builds behind a registry mirror or a TLS-inspecting proxy; neither secret has to be there.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \
    --mount=type=secret,id=ca_bundle,target=/run/ca-bundle.pem \
    if [ -s /run/ca-bundle.pem ]; then export NODE_EXTRA_CA_CERTS=/run/ca-bundle.pem npm_config_cafile=/run/ca-bundle.pem; fi; \
    npm ci --ignore-scripts --no-audit --no-fund
COPY LICENSE ./
COPY release release
COPY src src
RUN node release/build.ts \
 && mkdir -p /image/opt/mcp-tls-sidecar /image/empty \
 && cp -r package.json LICENSE dist /image/opt/mcp-tls-sidecar \
 && rm /image/opt/mcp-tls-sidecar/dist/index.* /image/opt/mcp-tls-sidecar/dist/launch.js

# V8's code cache, made by the very Node, user and paths that will use it, and read-only for them.
FROM ${BASE_IMAGE} AS compile
COPY --from=build /image/opt /opt
COPY image/fill-cache.ts /tmp/
USER 65532:65532
RUN ["/nodejs/bin/node", "/tmp/fill-cache.ts", "/opt/mcp-tls-sidecar/dist/main.js", "/tmp/compile-cache"]

FROM ${BASE_IMAGE}
COPY --from=build /image/opt /opt
COPY --from=compile --chown=0:0 /tmp/compile-cache /opt/mcp-tls-sidecar/compile-cache
COPY --from=build /image/empty /etc/mcp-tls-sidecar
# The CA's key, and the CA's certificate for clients: mount a volume or a tmpfs over each.
COPY --from=build --chown=65532:65532 /image/empty /var/lib/mcp-tls-sidecar
COPY --from=build --chown=65532:65532 /image/empty /run/mcp-tls-sidecar
ENV NODE_COMPILE_CACHE=/opt/mcp-tls-sidecar/compile-cache \
    STATE_DIRECTORY=/var/lib/mcp-tls-sidecar
# Where mcp-tls-sidecar-ca/ca-bundle.pem is written.
WORKDIR /run/mcp-tls-sidecar
USER 65532:65532
STOPSIGNAL SIGTERM
# Without SIGUSR1, by which a debugger would be let in. Young objects have 8 MB in place of 1: fewer requests wait for their
# collection, and what is not used of it takes no memory.
ENTRYPOINT ["/nodejs/bin/node", "--disable-sigusr1", "--min-semi-space-size=8", "/opt/mcp-tls-sidecar/dist/main.js"]
CMD ["serve"]
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s --retries=3 \
    CMD ["/nodejs/bin/node", "/opt/mcp-tls-sidecar/dist/main.js", "health"]
# release/check.ts holds it against package.json.
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG BASE_IMAGE
LABEL org.opencontainers.image.title="mcp-tls-sidecar" \
      org.opencontainers.image.description="A localhost sidecar that gives every MCP server its own TLS trust policy" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${BASE_IMAGE}"
