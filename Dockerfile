# syntax=docker/dockerfile:1
FROM swift:6.3-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends libcurl4-openssl-dev libhiredis-dev libjemalloc-dev libpq-dev librdkafka-dev pkg-config zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The context has no Git repository.
ARG GENERALSCALER_COMMIT
RUN scripts/build-image-files.sh /opt/generalscaler/bin

# Not a distroless image: libcurl, hiredis, libpq, librdkafka and jemalloc are Debian's, with its security updates, and script plugins need a shell.
FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libcurl4 libhiredis0.14 libjemalloc2 libpq5 librdkafka1 libstdc++6 tzdata \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/generalscaler/bin /opt/generalscaler/bin
# By number, so that a cluster can tell that it is not root.
USER 65532:65532
ENV TMPDIR=/tmp
WORKDIR /
ENTRYPOINT ["/opt/generalscaler/bin/generalscaler"]
CMD ["run"]
