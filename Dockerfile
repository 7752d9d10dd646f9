# The store in one image. `docker compose up` starts it with a MySQL; alone it uses SQLite in /data:
#   docker build -t image-store . && docker run -p 9999:9999 -v image-store:/data image-store

# ---- Compile: mysqlclient has no wheels ----
FROM python:3.11-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
        build-essential pkg-config default-libmysqlclient-dev \
    && rm -rf /var/lib/apt/lists/*
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt

# ---- Run ----
FROM python:3.11-slim
RUN apt-get update && apt-get install -y --no-install-recommends libmariadb3 mariadb-client \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 store \
    && useradd --uid 10001 --gid store --home-dir /data --shell /usr/sbin/nologin store \
    && install -d -o store -g store -m 700 /data
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    HOST=0.0.0.0 \
    PORT=9999
RUN python -m compileall -q .
USER store
VOLUME /data
EXPOSE 9999
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-m", "deploy.healthy"]
# Keys, migrations and static files first (what is done already is skipped), then gunicorn in its place.
CMD ["python", "-m", "deploy.serve"]
