"""The reconciliation as a user of DuckDB would write it, with exact decimals, for comparison.

Prints as CSV every account, metric and period whose billed quantity differs from the metered one by more than 5 %.
Needs the Python package duckdb. `--wording natural` is the query that comes to mind first; `best` cuts to the window
before it removes duplicates, and computes days without a zone lookup a row (all of October has one offset there).
"""
import argparse
import sys

ZONE = "America/New_York"
CSV_COLUMNS = {
    "event_id": "VARCHAR",
    "timestamp": "TIMESTAMPTZ",
    "account_id": "VARCHAR",
    "metric": "VARCHAR",
    "quantity": "DECIMAL(18,6)",
    "region": "VARCHAR",
    "source": "VARCHAR",
}
JSON_COLUMNS = {
    "id": "VARCHAR",
    "source": "VARCHAR",
    "type": "VARCHAR",
    "time": "TIMESTAMPTZ",
    "subject": "VARCHAR",
    "data": "STRUCT(value DECIMAL(18,6))",
}


def text(value):
    """An SQL string."""
    return "'" + value.replace("'", "''") + "'"


def columns(types):
    return "{" + ", ".join(f"{text(n)}: {text(t)}" for n, t in types.items()) + "}"


def sources(arguments):
    """SQL that reads the events and what was billed."""
    path = text(arguments.events)
    if arguments.events.endswith(".ndjson"):
        events = (
            "(SELECT source || ' ' || id AS event_id, time AS timestamp, subject AS account_id, type AS metric, "
            "data.value AS quantity "
            f"FROM read_json({path}, format='newline_delimited', columns={columns(JSON_COLUMNS)}))"
        )
    else:
        events = f"read_csv({path}, header=true, auto_detect=false, columns={columns(CSV_COLUMNS)})"
    types = "{'quantity': 'DECIMAL(18,6)', 'period_start': 'DATE'}"
    return events, f"read_csv({text(arguments.billed)}, header=true, types={types})"


def query(wording, grain, events, billed):
    if wording == "natural":
        once = f"SELECT DISTINCT event_id, timestamp, account_id, metric, quantity FROM {events}"
        day = f"timezone({text(ZONE)}, timestamp)::DATE"
        inside = "WHERE day >= DATE '2026-10-01' AND day < DATE '2026-11-01'"
    else:
        kept = "event_id, account_id, metric, quantity" + (", timestamp" if grain == "day" else "")
        once = (
            f"SELECT DISTINCT {kept} FROM {events} "
            "WHERE timestamp >= TIMESTAMPTZ '2026-10-01 04:00:00Z' AND timestamp < TIMESTAMPTZ '2026-11-01 04:00:00Z'"
        )
        since = "epoch_ms(timestamp) - epoch_ms(TIMESTAMPTZ '2026-10-01 04:00:00Z')"
        day = f"DATE '2026-10-01' + (({since}) // 86400000)::INTEGER" if grain == "day" else "DATE '2026-10-01'"
        inside = ""
    period = "day" if grain == "day" else "date_trunc('month', day)::DATE"
    return f"""
WITH dated AS (SELECT account_id, metric, quantity, {day} AS day FROM ({once})),
metered AS (
  SELECT account_id, metric, {period} AS period, sum(quantity) AS used FROM dated {inside} GROUP BY ALL
),
billed AS (
  SELECT account_id, metric, period_start AS period, sum(quantity) AS charged FROM {billed} GROUP BY ALL
),
both_sides AS (
  SELECT account_id, metric, period, coalesce(used, 0) AS used, coalesce(charged, 0) AS charged
  FROM metered FULL JOIN billed USING (account_id, metric, period)
)
SELECT account_id, metric, period, used, charged, charged - used AS delta
FROM both_sides WHERE abs(charged - used) * 20 > used ORDER BY ALL"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", required=True, help="file or pattern; .ndjson: CloudEvents, else CSV")
    parser.add_argument("--billed", required=True)
    parser.add_argument("--grain", choices=["month", "day"], default="month")
    parser.add_argument("--wording", choices=["natural", "best"], default="natural")
    parser.add_argument("--database", default=":memory:", help="a file: tables are made in it first")
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()

    import duckdb

    db = duckdb.connect(arguments.database)
    db.execute(f"SET threads = {arguments.threads}")
    db.execute(f"SET TimeZone = {text(ZONE)}")
    db.execute("SET preserve_insertion_order = false")
    events, billed = sources(arguments)
    if arguments.database != ":memory:":
        db.execute(f"CREATE TABLE events AS FROM {events}")
        db.execute(f"CREATE TABLE billed_lines AS FROM {billed}")
        events, billed = "events", "billed_lines"
    sql = query(arguments.wording, arguments.grain, events, billed)
    db.execute(f"COPY ({sql}) TO '/dev/stdout' (FORMAT csv, HEADER)")


if __name__ == "__main__":
    sys.exit(main())
