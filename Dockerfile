FROM python:3.12-slim AS build

WORKDIR /app
COPY requirements-production.lock .
RUN python -m venv /venv \
    && /venv/bin/python -m pip install --no-cache-dir --require-hashes --no-deps -r requirements-production.lock
COPY . .
# The values below only let the settings load; nothing of them stays in the image.
RUN DEBUG=false SECRET_KEY=unused-while-building JWT_SIGNING_KEY=unused-while-building \
    DATABASE_URL=postgres://localhost/unused \
    /venv/bin/python manage.py collectstatic --noinput --verbosity 0


FROM python:3.12-slim

RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin enrollments \
    && install --directory --owner=enrollments /files /metrics
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER enrollments
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DEBUG=false WEB_CONCURRENCY=2 FILES_FOLDER=/files \
    PROMETHEUS_MULTIPROC_DIR=/metrics
EXPOSE 8000

HEALTHCHECK --interval=15s --timeout=5s --start-period=20s CMD ["python", "-c", \
    "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=4); c.request('GET', '/health/live'); raise SystemExit(c.getresponse().status != 200)"]

# gunicorn reads the number of processes from WEB_CONCURRENCY, and further options from GUNICORN_CMD_ARGS.
# gunicorn.conf.py sees to its log lines: paths and queries name learners.
CMD ["gunicorn", "config.wsgi", "--bind=0.0.0.0:8000", "--worker-class=gthread", "--threads=4", \
    "--worker-tmp-dir=/dev/shm", "--no-control-socket"]
