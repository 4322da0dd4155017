# The bridge as one image: every process is a command of it (see docker-compose.yml, deploy/k8s).
#
#   docker build -t mixpanel-koji-bridge .                     what runs in production
#   docker build -t mixpanel-koji-sandbox --target sandbox .   the local Koji and Mixpanel
#
# A tag may come to mean another image, so the base is held to one by its digest, as
# github.com/docker-library/repo-info (repos/python/remote/3.11-slim-bookworm.md) lists it. It is told
# once and in a FROM, where Dependabot finds it; `make pin-images` asks your registry anew.
FROM python:3.11-slim-bookworm@sha256:0bee7276f83efd4a1ee05bbbf4281d95ed28e079220a9457f25a93e3f1e3c31b AS interpreter

# Everything that is installed lies in one folder, so that pip and its cache stay behind.
FROM interpreter AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements.txt constraints.txt /tmp/
RUN /opt/venv/bin/pip install --requirement /tmp/requirements.txt \
    && /opt/venv/bin/pip uninstall --yes pip setuptools

FROM interpreter AS sandbox-packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY constraints.txt /tmp/
RUN /opt/venv/bin/pip install --constraint /tmp/constraints.txt aiohttp==3.14.5 \
    && /opt/venv/bin/pip uninstall --yes pip setuptools

FROM interpreter AS base
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# A number, so that Kubernetes can see that it is not root; it owns nothing in the image.
RUN groupadd --gid 10001 bridge && useradd --uid 10001 --gid 10001 --no-create-home bridge
WORKDIR /app

FROM base AS sandbox
COPY --from=sandbox-packages /opt/venv /opt/venv
COPY sandbox sandbox
USER 10001:10001
EXPOSE 9101 9102
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:9101/_sandbox/health', timeout=4)"]
CMD ["python", "-m", "sandbox", "--host", "0.0.0.0"]

FROM base AS runtime
COPY --from=packages /opt/venv /opt/venv
COPY common common
COPY ingress ingress
COPY workers workers
COPY ops ops
USER 10001:10001
EXPOSE 8000
# The other processes have checks of their own in docker-compose.yml.
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s --retries=3 \
    CMD ["python", "-m", "ops.probe", "ingress"]
CMD ["python", "-m", "ingress"]
