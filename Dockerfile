# One image a service: docker build --target api|worker|ui|models|corpus|load .
#
# A mirror of the package index, or a company's certificate, is the builder's own matter: give it as
# a secret (--secret id=pip.conf,src=... --secret id=uv.toml,src=...); nothing of it stays.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

# Stages of a kind repeat each other: a Dockerfile has no loop, and each is built by itself, beside
# the others. tests/unit/repository/test_dockerfile.py holds them to the same rules.

# --- builders: each leaves a whole environment in /app/.venv ------------------------------------

FROM ${PYTHON_IMAGE} AS builder
ARG UV_VERSION=0.13.9
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    python -m venv /opt/uv && /opt/uv/bin/pip install --quiet --no-cache-dir "uv==${UV_VERSION}"
# The root file system is read-only where this runs, so bytecode that is not there would be made at
# each start: 6 s of it for the model client. Hashed, not timed: the same sources, the same files.
ENV PATH=/opt/uv/bin:$PATH \
    VIRTUAL_ENV=/app/.venv \
    UV_COMPILE_BYTECODE=1 \
    PYC_INVALIDATION_MODE=UNCHECKED_HASH \
    UV_LINK_MODE=copy \
    UV_CACHE_DIR=/cache/uv \
    UV_PYTHON_DOWNLOADS=never \
    UV_SYSTEM_CERTS=true
WORKDIR /src
RUN uv venv --quiet /app/.venv

# Our own packages as wheels, by the locked hatchling.
FROM builder AS wheels
COPY locks/build.txt locks/
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=uv.toml,target=/etc/uv/uv.toml \
    uv pip install --no-deps --require-hashes --requirement locks/build.txt
COPY services services
RUN for service in contract api worker ui models; do \
        uv build --quiet --wheel --no-build-isolation --out-dir /wheels "services/$service" || exit 1; \
    done

FROM builder AS api-environment
COPY locks/api.txt locks/
RUN --mount=type=secret,id=uv.toml,target=/etc/uv/uv.toml \
    --mount=type=cache,target=/cache/uv \
    uv pip install --no-deps --require-hashes --requirement locks/api.txt
COPY --from=wheels /wheels/millstream_contract-* /wheels/millstream_api-* /wheels/
RUN uv pip install --no-deps --no-index /wheels/*.whl

FROM builder AS worker-environment
COPY locks/worker.txt locks/
RUN --mount=type=secret,id=uv.toml,target=/etc/uv/uv.toml \
    --mount=type=cache,target=/cache/uv \
    uv pip install --no-deps --require-hashes --requirement locks/worker.txt
COPY --from=wheels /wheels/millstream_contract-* /wheels/millstream_worker-* /wheels/
RUN uv pip install --no-deps --no-index /wheels/*.whl

FROM builder AS ui-environment
COPY locks/ui.txt locks/
RUN --mount=type=secret,id=uv.toml,target=/etc/uv/uv.toml \
    --mount=type=cache,target=/cache/uv \
    uv pip install --no-deps --require-hashes --requirement locks/ui.txt
COPY --from=wheels /wheels/millstream_ui-* /wheels/
RUN uv pip install --no-deps --no-index /wheels/*.whl

FROM builder AS models-environment
COPY locks/models.txt locks/
RUN --mount=type=secret,id=uv.toml,target=/etc/uv/uv.toml \
    --mount=type=cache,target=/cache/uv \
    uv pip install --no-deps --require-hashes --requirement locks/models.txt
COPY --from=wheels /wheels/millstream_models-* /wheels/
RUN uv pip install --no-deps --no-index /wheels/*.whl

FROM builder AS load-environment
COPY locks/load.txt locks/
RUN --mount=type=secret,id=uv.toml,target=/etc/uv/uv.toml \
    --mount=type=cache,target=/cache/uv \
    uv pip install --no-deps --require-hashes --requirement locks/load.txt

# --- images -------------------------------------------------------------------------------------

FROM ${PYTHON_IMAGE} AS runtime
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.vendor="Millstream" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# The standard library comes without bytecode; one layer, which all images share.
RUN python -m compileall -q --invalidation-mode unchecked-hash \
        -x '/(test|tests|idlelib|lib2to3|turtledemo|site-packages)/' /usr/local/lib/python3.* \
    && groupadd --gid 10001 millstream \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin millstream
# What libraries write besides, they write to /tmp: the only place that needs to be writable.
ENV PATH=/app/.venv/bin:$PATH \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY deploy/images/probe.py /app/probe.py
USER 10001:10001

FROM runtime AS api
LABEL org.opencontainers.image.title="millstream-api" \
      org.opencontainers.image.description="Accepts questions, relays answers as SSE and WebSocket"
COPY --from=api-environment /app/.venv /app/.venv
ENV MILLSTREAM_API_HOST=0.0.0.0 MILLSTREAM_API_PORT=8000
EXPOSE 8000
# Whether the process serves, not whether Redis does: who restarts what is unhealthy would make an
# outage worse.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=2s --retries=3 \
    CMD ["python", "-IS", "/app/probe.py", "8000", "/healthz"]
CMD ["python", "-m", "millstream_api"]

FROM runtime AS worker
LABEL org.opencontainers.image.title="millstream-worker" \
      org.opencontainers.image.description="Retrieves, grades and generates answers; ingests documents"
COPY --from=worker-environment /app/.venv /app/.venv
ENV MILLSTREAM_WORKER_HTTP_HOST=0.0.0.0 MILLSTREAM_WORKER_HTTP_PORT=8002
EXPOSE 8002
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --start-interval=2s --retries=3 \
    CMD ["python", "-IS", "/app/probe.py", "8002", "/healthz"]
CMD ["python", "-m", "millstream_worker", "answers"]

FROM runtime AS ui
LABEL org.opencontainers.image.title="millstream-ui" \
      org.opencontainers.image.description="The chat page"
COPY --from=ui-environment /app/.venv /app/.venv
ENV MILLSTREAM_UI_HOST=0.0.0.0 MILLSTREAM_UI_PORT=8050
EXPOSE 8050
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=2s --retries=3 \
    CMD ["python", "-IS", "/app/probe.py", "8050", "/healthz"]
CMD ["python", "-m", "millstream_ui"]

FROM runtime AS models
LABEL org.opencontainers.image.title="millstream-models" \
      org.opencontainers.image.description="A local stand-in for Databricks Model Serving"
COPY --from=models-environment /app/.venv /app/.venv
ENV MILLSTREAM_MODELS_HOST=0.0.0.0 MILLSTREAM_MODELS_PORT=8001
EXPOSE 8001
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=2s --retries=3 \
    CMD ["python", "-IS", "/app/probe.py", "8001", "/healthz"]
CMD ["python", "-m", "millstream_models"]

# Loads the demo corpus once, and ends. The worker's image, and of `embedded` the sources alone:
# where they stand tells them where our own pages are.
FROM worker AS corpus
LABEL org.opencontainers.image.title="millstream-corpus" \
      org.opencontainers.image.description="Loads the demo corpus, with vectors made beforehand"
COPY README.md ARCHITECTURE.md /app/millstream/
COPY docs/*.md /app/millstream/docs/
COPY embedded /app/millstream/embedded
ENV PYTHONPATH=/app/millstream/embedded/src
HEALTHCHECK NONE
CMD ["python", "-m", "millstream_embedded.corpus_loader"]

# Users of a load test, and the scripted model that they are answered by.
FROM runtime AS load
LABEL org.opencontainers.image.title="millstream-load" \
      org.opencontainers.image.description="Load tests, and the scripted model"
COPY --from=load-environment /app/.venv /app/.venv
COPY bench /app/bench
# What checks the answers is what checks them in the tests.
COPY tests/__init__.py /app/tests/
COPY tests/harness/sse.py tests/harness/transcript.py /app/tests/harness/
COPY tests/chaos/witness.py /app/tests/chaos/
EXPOSE 8089
HEALTHCHECK NONE
CMD ["locust", "--locustfile", "bench/load/locustfile.py"]
