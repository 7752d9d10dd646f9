# The store in one image. `docker compose up` starts it with a MySQL; alone it uses SQLite in /data:
#   docker build -t image-store . && docker run -p 9999:9999 -v image-store:/data image-store
# What is in it, and how large that is: docs/install.md.

# A build can name a digest instead of the tag: docs/dependencies.md.
ARG PYTHON_IMAGE=python:3.11-slim

# ---- Compile: mysqlclient has no wheels ----
FROM ${PYTHON_IMAGE} AS build
# mariadb-client has the two programs of backup and restore. The package itself brings Perl and 200 MB.
RUN apt-get update && apt-get install -y --no-install-recommends \
        build-essential pkg-config default-libmysqlclient-dev mariadb-client \
    && rm -rf /var/lib/apt/lists/*
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
# requirements-tracing.txt makes an image that can send traces (docs/monitoring.md).
ARG REQUIREMENTS=requirements.txt
COPY ${REQUIREMENTS} requirements.txt
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
# What no server uses: NumPy (images/processing/jxl.py), translations other than those of LANGUAGES, AWS services other
# than S3 and its credentials, Redoc, symbols for debuggers (libraries in *.libs may break when stripped), pip.
RUN pip uninstall --quiet --yes numpy \
    && cd /venv/lib/python3*/site-packages \
    && find . -name '*.po' -delete \
    && find . -name '*.mo' -not -path '*/locale/en/*' -not -path '*/locale/de/*' -delete \
    && find botocore/data -mindepth 1 -maxdepth 1 -type d \
        -not -name s3 -not -name sts -not -name sso -not -name sso-oidc -exec rm -r {} + \
    && rm -r drf_spectacular_sidecar/static/drf_spectacular_sidecar/redoc \
    && find . -name '*.so' -not -path '*.libs/*' -exec strip --strip-unneeded {} + \
    && pip uninstall --quiet --yes setuptools pip
# The image's own copy of the code is compiled here: its file system is read-only.
COPY . /checkout
RUN mkdir /app && cd /checkout \
    && cp -a manage.py pyproject.toml requirements.txt imagestore accounts albums images templates static deploy /app \
    && find /app -name tests -type d -prune -exec rm -r {} + \
    && python -m compileall -q /app

# ---- What the store runs on ----
FROM ${PYTHON_IMAGE} AS base
# Libraries of mysqlclient and of MariaDB's programs. /data is a volume of the server, /backup one of backups.
RUN apt-get update && apt-get install -y --no-install-recommends libmariadb3 libedit2 libncurses6 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
    && groupadd --gid 10001 store \
    && useradd --uid 10001 --gid store --home-dir /data --shell /usr/sbin/nologin store \
    && install -d -o store -g store -m 700 /data /backup
COPY --from=build /usr/bin/mariadb /usr/bin/mariadb-dump /usr/bin/
RUN mariadb --version && mariadb-dump --version
COPY --from=build /venv /venv
WORKDIR /app
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1

# ---- The store ----
FROM base AS app
COPY --from=build /app /app
ENV DATA_DIR=/data \
    HOST=0.0.0.0 \
    PORT=9999
USER store
VOLUME /data
EXPOSE 9999
# A start may migrate many rows first; a store that is ready ends its start period by that.
HEALTHCHECK --interval=10s --timeout=5s --start-period=1h --retries=3 \
    CMD ["python", "-m", "deploy.healthy"]
# Keys, migrations and static files first (what is done already is skipped), then gunicorn in its place.
CMD ["python", "-m", "deploy.serve"]

# ---- Tests at the start of `docker compose up` (TESTS_AT_START): never part of the store's image ----
FROM base AS tests-off
CMD ["echo", "TESTS_AT_START=off: no test runs"]

FROM base AS tests-on
# Servers and programs that tests start; MariaDB is the second database of tests that move rows. nginx is only unpacked,
# as deploy/setup.sh does.
RUN apt-get update && apt-get install -y --no-install-recommends \
        curl gettext libfaketime mariadb-client-core mariadb-server-core procps redis-tools systemd unzip \
    && cd /tmp && apt-get download nginx && dpkg-deb -x nginx_*.deb nginx && mv nginx/usr/sbin/nginx /usr/sbin/ \
    && rm -rf /tmp/nginx* /var/lib/apt/lists/* /var/cache/apt/*
COPY requirements-dev.txt .
RUN python3 -m venv /pip && /pip/bin/pip --python /venv/bin/python install --no-cache-dir \
        --disable-pip-version-check --require-hashes -r requirements-dev.txt
COPY . .
RUN install -d -o store .pytest_cache .grimp_cache
ENV HOME=/tmp
USER store
CMD ["deploy/tests-at-start.sh"]

# ---- Without --target, a build makes the store ----
FROM app
