# Untested: there is no Docker where Parley is tested. What it runs, `manage.py serve` and
# `manage.py worker` on PostgreSQL and Redis behind nginx, is tested in tests/scaled_out/.
FROM python:3.13-slim

RUN useradd --create-home --uid 1000 parley
WORKDIR /srv/parley

# The pinned requirements first: they change less often than the code.
COPY requirements.txt .
RUN pip install --no-cache-dir --requirement requirements.txt
COPY . .

# Everything that is written goes here.
ENV DATA_DIR=/data HOST=0.0.0.0 PORT=8000 GRACE=10 PYTHONUNBUFFERED=1
RUN mkdir -m 700 /data && chown parley /data
VOLUME /data
USER parley
EXPOSE 8000

# SIGTERM, which Docker sends, ends it as Ctrl-C does: what is being answered is answered.
CMD ["python", "manage.py", "serve"]
