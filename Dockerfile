# syntax=docker/dockerfile:1
# Two images: chartway (worker, webhook, api, starter, chartway) and sandbox. The first argument chooses the process.
# docker-compose.yml shows how to run each. `npm run deploy:check` runs these steps on a machine without Docker.

# `docker buildx imagetools inspect node:24-bookworm-slim` prints the digest of a newer version.
ARG NODE_IMAGE=node:24.20.0-bookworm-slim@sha256:ba849c60be29959425b8734d57b8b4b7d56f98edd9504c9af091d5281095a71e

# --- Compiles the sources with the development packages -----------------------------------------------------------------
FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=dev --loglevel=error
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
COPY sandbox sandbox
RUN node scripts/build.mjs

# --- The packages that Chartway needs at run time -----------------------------------------------------------------------
FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --loglevel=error

# --- The base of both images --------------------------------------------------------------------------------------------
FROM ${NODE_IMAGE} AS base
ENV NODE_ENV=production
WORKDIR /app
# Volumes inherit the owner and mode of these folders. The user that runs the processes owns nothing else.
RUN install -d -m 0700 -o 1000 -g 1000 /var/lib/chartway/reports /var/lib/chartway/spool /var/lib/chartway/audit /var/lib/chartway/webhook-audit /var/lib/chartway/sandbox
COPY package.json ./
COPY deploy/with-secrets.sh deploy/run.sh deploy/ready.mjs deploy/
USER 1000:1000
# The scripts become the process (exec), so that signals reach it and it drains.
ENTRYPOINT ["/app/deploy/with-secrets.sh", "/app/deploy/run.sh"]

# --- The sandbox: for trials only; it creates PDFs with a development package -------------------------------------------
FROM base AS sandbox
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
CMD ["sandbox"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s --retries=3 CMD ["node", "/app/deploy/ready.mjs", "http://127.0.0.1:3002/control/personas"]

# --- Chartway: the default target ---------------------------------------------------------------------------------------
FROM base AS chartway
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist/src dist/src
COPY --from=build /app/dist/workflow-bundle.js dist/workflow-bundle.js
CMD ["worker"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s --retries=3 CMD ["node", "/app/deploy/ready.mjs"]
