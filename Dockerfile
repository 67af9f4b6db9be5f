# syntax=docker/dockerfile:1
#
#   docker build -t logocache .                          colour logos of the Iconify set `logos`, once it is fetched
#   docker build -t logocache --build-arg ICONS=logos .  with that set inside, for a start without the internet
#
# Packages are those of uv.lock, by their hashes. The base image is named by its tag, so that its security
# updates arrive. By digest, for a build that can be repeated, as CI does it:
#
#   docker buildx imagetools inspect python:3.13-slim-trixie    shows the digest
#   docker build --build-arg PYTHON_IMAGE=python:3.13-slim-trixie@sha256:… .
#
# Nothing is compiled: every dependency has wheels for amd64 and arm64, so that the same file builds both
# (`docker buildx build --platform linux/amd64,linux/arm64`). docs/deployment.md says more.

ARG PYTHON_IMAGE=python:3.13-slim-trixie
ARG ICONS=none


# The wheel, built once, and a virtual environment that holds it without pip.
FROM ${PYTHON_IMAGE} AS build
WORKDIR /source
# --compile: byte code must be shipped, because the program cannot write any at run time.
COPY docker/build.txt docker/requirements.txt ./
RUN python -m venv --without-pip /opt/logocache \
    && python -m pip install --no-cache-dir --only-binary=:all: --require-hashes --requirement build.txt \
    && python -m pip --python /opt/logocache/bin/python install \
        --no-cache-dir --compile --only-binary=:all: --require-hashes --requirement requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN python -m pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . \
    && python -m pip --python /opt/logocache/bin/python install --no-cache-dir --compile --no-deps /wheels/*.whl


# The Iconify set `logos`, version 1.2.19 (CC0), from the npm package that publishes it. BuildKit checks
# sha256; the sha512 is what npm itself publishes (`dist.integrity`), in hexadecimal.
FROM ${PYTHON_IMAGE} AS iconify
ADD --checksum=sha256:1e8907c088bbf02eab8ee1b28f37e68ef22c380f2fb579ff99736b8ce5abf13a \
    https://registry.npmjs.org/@iconify-json/logos/-/logos-1.2.19.tgz /logos.tgz
ARG SHA512=2028c336ed915b8c4c93ed18007cab4e3fe95b6047832c1c632bdff434b5eaea5a9664946e0f96aa41182518a6f2254eb95ca5ca8f45163cd62f30021618fca0
RUN echo "${SHA512}  /logos.tgz" > /logos.sha512 \
    && sha512sum --check --quiet /logos.sha512 \
    && mkdir -p /icons/logos \
    && tar -xzf /logos.tgz -C /icons/logos --strip-components=1 --no-same-owner \
        package/icons.json package/info.json


# What runs. Only the volume and /tmp need to be writable: `docker run --read-only --tmpfs /tmp` will do.
FROM ${PYTHON_IMAGE} AS runtime
# A fixed user, so that volumes keep their owner from one image to the next. A named volume takes the
# directory's owner and mode when it is first mounted.
RUN groupadd --gid 10001 logocache \
    && useradd --uid 10001 --gid logocache --no-log-init --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin logocache \
    && install -d -o logocache -g logocache -m 0755 /app/static/cached_logos

COPY --from=build /opt/logocache /opt/logocache
COPY docker/entrypoint.sh docker/healthcheck.py /usr/local/lib/logocache/

ENV PATH="/opt/logocache/bin:${PATH}" \
    LOGO_CACHE_DIR=/app/static/cached_logos \
    LOGO_CACHE_SERVE_HOST=0.0.0.0

USER 10001:10001
WORKDIR /app
VOLUME /app/static/cached_logos
EXPOSE 8080
STOPSIGNAL SIGTERM
# The first start fetches every logo before it serves: until then, a check that fails does not count.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10m --start-interval=2s --retries=3 \
    CMD ["python", "-I", "-S", "/usr/local/lib/logocache/healthcheck.py"]
ENTRYPOINT ["/bin/sh", "/usr/local/lib/logocache/entrypoint.sh"]
CMD ["serve"]

# Last, because they change with each commit.
ARG VERSION=unreleased
ARG REVISION=unknown
ARG PYTHON_IMAGE
LABEL org.opencontainers.image.title="logocache" \
      org.opencontainers.image.description="A self-hosted cache of company and integration logos." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/${PYTHON_IMAGE}"


FROM runtime AS runtime-none


FROM runtime AS runtime-logos
COPY --from=iconify /icons /usr/local/share/icons
ENV LOGO_CACHE_ICONIFY_FILES=/usr/local/share/icons/logos/icons.json \
    LOGO_CACHE_ICONIFY_SETS=none


# hadolint ignore=DL3006
FROM runtime-${ICONS}
