# The store in one image. `docker compose up` starts it with a MySQL; alone it uses SQLite in /data:
#   docker build -t image-store . && docker run -p 9999:9999 -v image-store:/data image-store

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
COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
# What no server uses: translations other than those of imagestore/locale, AWS services other than S3 and its credentials, pip.
RUN find /venv -name '*.po' -delete \
    && find /venv -name '*.mo' -not -path '*/locale/en/*' -not -path '*/locale/de/*' -delete \
    && find /venv/lib/python3*/site-packages/botocore/data -mindepth 1 -maxdepth 1 -type d \
        -not -name s3 -not -name sts -not -name sso -not -name sso-oidc -exec rm -r {} + \
    && pip uninstall --quiet --yes setuptools pip
# The image's own copy of the code is compiled here: its file system is read-only.
WORKDIR /app
COPY . .
RUN python -m compileall -q .

# ---- Run ----
FROM ${PYTHON_IMAGE}
# Libraries of mysqlclient and of MariaDB's programs.
RUN apt-get update && apt-get install -y --no-install-recommends libmariadb3 libedit2 libncurses6 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 store \
    && useradd --uid 10001 --gid store --home-dir /data --shell /usr/sbin/nologin store \
    && install -d -o store -g store -m 700 /data
COPY --from=build /usr/bin/mariadb /usr/bin/mariadb-dump /usr/bin/
RUN mariadb --version && mariadb-dump --version
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    HOST=0.0.0.0 \
    PORT=9999
USER store
VOLUME /data
EXPOSE 9999
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-m", "deploy.healthy"]
# Keys, migrations and static files first (what is done already is skipped), then gunicorn in its place.
CMD ["python", "-m", "deploy.serve"]
