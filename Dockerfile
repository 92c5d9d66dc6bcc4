# Build: docker build --build-arg VERSION=0.1.0 --build-arg REVISION=$(git rev-parse HEAD) -t ripcord .
# Run:   docker run --init --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
#          -v ripcord-journal:/var/lib/ripcord -v ./ripcord.yaml:/var/lib/ripcord/ripcord.yaml:ro \
#          -p 127.0.0.1:7433:7433 ripcord serve --listen 0.0.0.0:7433
#        Without --listen it hears only its own container, as it hears only its own machine elsewhere.
#
# Rollback scripts run inside the container. Build your own image upon this one with what they need, such as psql and the
# scripts themselves: FROM ripcord, USER 0, RUN apt-get ..., COPY ..., USER 1000:1000.

# The workspaces hold a Node and a PostgreSQL for tests: `--workspaces=false` keeps them out of every stage.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --workspaces=false --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY tools/build.ts ./tools/
COPY src ./src
RUN npm run build

FROM node:24-bookworm-slim
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Ripcord" \
      org.opencontainers.image.description="Guards a risky, multi-phase change of a PostgreSQL database and rolls it back when a decision criterion is met" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production

# The journal outlives the container. Only this folder and /tmp are ever written to.
RUN install -d -o 1000 -g 1000 /var/lib/ripcord \
 && printf '#!/bin/sh\nexec node /app/dist/main.js "$@"\n' > /usr/local/bin/ripcord \
 && chmod 755 /usr/local/bin/ripcord
VOLUME /var/lib/ripcord

# What it uses of its dependencies is in dist; the lock file names them for scanners.
COPY --from=build /app/dist /app/dist
COPY package.json package-lock.json prometheus.yml prometheus.rules.yml /app/
COPY grafana /app/grafana

# A number, so that an orchestrator can see that it is not root. The base image calls it "node".
USER 1000:1000
WORKDIR /var/lib/ripcord
EXPOSE 7433
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:7433/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/main.js"]
CMD ["serve"]
