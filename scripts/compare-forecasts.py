#!/usr/bin/env python3
"""Compares the forecasts of `generalscaler simulate` with persistence, MSTL and Prophet on recorded traces.

Every method predicts the load of the trace's next step, from the same past of at most 21 days, at the same times, which
are drawn at random from the second half of the trace. The errors are shown as a share of those of persistence, which
expects no change: the mean absolute error, and the quantile loss of the 95% quantile.

    python3 -m venv venv && venv/bin/pip install --requirement scripts/requirements-forecasts.txt
    venv/bin/python scripts/compare-forecasts.py DIRECTORY [--program .build/release/generalscaler]

DIRECTORY has traces as CSV with the columns time and load, in equal steps. The script takes minutes per trace, because
MSTL and Prophet are fitted again at each of the times.
"""
import argparse
import json
import logging
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import warnings

import numpy
import pandas
from prophet import Prophet
from statsforecast.models import MSTL, AutoETS

QUANTILE = 0.95
HISTORY_DAYS = 21
DAY = 86_400
# The shortest trace: two days for a pattern, and as many to predict.
LEAST_DAYS = 4

SCALER = """
apiVersion: autoscaling.example.com/v1
kind: GeneralScaler
metadata: {name: compare}
spec:
  targetDeployment: compare
  maxReplicas: 100000
  pollingIntervalSeconds: %d
  forecast: {mode: Report, horizonSeconds: %d, historyDays: %d, quantile: %s}
  metrics: [{name: load, type: prometheus, config: {query: load}, targetValue: %s, targetType: AverageValue}]
"""


def read(path):
    """Returns the loads in equal steps, with NaN where there is none, and the step in seconds."""
    table = pandas.read_csv(path, usecols=["time", "load"], parse_dates=["time"]).drop_duplicates("time")
    series = table.set_index("time")["load"].astype(float).sort_index()
    step = int(series.index.to_series().diff().median().total_seconds())
    start = series.index[0]
    places = ((series.index - start).total_seconds() / step).round().astype(int)
    loads = numpy.full(places[-1] + 1, numpy.nan)
    loads[places] = series.to_numpy()
    times = start + pandas.to_timedelta(numpy.arange(len(loads)) * step, unit="s")
    return pandas.Series(loads, index=times), step


def engine(program, series, step):
    """Returns the expected load and the quantile by the time at which they were predicted."""
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        known = series.dropna()
        rows = [f"{time:%Y-%m-%dT%H:%M:%SZ},{load}" for time, load in known.items()]
        (directory / "trace.csv").write_text("time,load\n" + "\n".join(rows) + "\n")
        target = float(f"{max(known.median() / 10, 1e-6):.2g}")
        (directory / "scaler.yaml").write_text(SCALER % (step, step, HISTORY_DAYS, QUANTILE, target))
        decisions = directory / "decisions.jsonl"
        subprocess.run(
            [program, "simulate", "-f", directory / "scaler.yaml", "--trace", directory / "trace.csv",
             "--decisions", decisions, "--startup-delay", str(step), "--allow-gaps"],
            check=True, stdout=subprocess.DEVNULL)
        forecasts = {}
        for line in decisions.open():
            decision = json.loads(line)
            for forecast in decision.get("forecasts", []):
                forecasts[pandas.Timestamp(decision["time"])] = (forecast["expected"], forecast["upper"])
    return forecasts


def mstl(past, step):
    """Refits at each time. A season counts if the past has two of them."""
    seasons = [days * DAY // step for days in (1, 7) if len(past) > 2 * days * DAY // step]
    loads = past.interpolate(limit_direction="both").to_numpy()
    model = MSTL(season_length=seasons, trend_forecaster=AutoETS(model="ZZN"))
    result = model.forecast(y=loads, h=1, level=[90])
    return float(result["mean"][0]), float(result["hi-90"][0])


def prophet(past, step):
    model = Prophet(
        interval_width=0.9, daily_seasonality=True, weekly_seasonality=len(past) * step > 14 * DAY,
        yearly_seasonality=False)
    index = past.index.tz_localize(None)
    model.fit(pandas.DataFrame({"ds": index, "y": past.to_numpy()}).dropna())
    next_time = index[-1] + pandas.Timedelta(seconds=step)
    result = model.predict(pandas.DataFrame({"ds": [next_time]}))
    return float(result["yhat"][0]), float(result["yhat_upper"][0])


def persistence(past, _):
    """No change, and the quantile of the changes so far."""
    changes = past.diff().dropna()
    return past.iloc[-1], past.iloc[-1] + float(numpy.quantile(changes, QUANTILE))


def quantile_loss(load, upper):
    return QUANTILE * (load - upper) if load > upper else (1 - QUANTILE) * (upper - load)


def compare(name, path, program, count, seed):
    series, step = read(path)
    if len(series) * step < LEAST_DAYS * DAY or step > 3_600:
        return None
    forecasts = engine(program, series, step)
    usable = [
        place for place in range(len(series) // 2, len(series) - 1)
        if series.index[place] in forecasts and not numpy.isnan(series.iloc[[place, place + 1]]).any()]
    chosen = sorted(random.Random(seed).sample(usable, min(count, len(usable))))
    methods = {"GeneralScaler": None, "persistence": persistence, "MSTL": mstl, "Prophet": prophet}
    results = {method: [] for method in methods}
    for number, place in enumerate(chosen):
        print(f"\r{name}: {number + 1} of {len(chosen)}", end="", file=sys.stderr, flush=True)
        past = series.iloc[max(0, place + 1 - HISTORY_DAYS * DAY // step):place + 1]
        load = series.iloc[place + 1]
        for method, predict in methods.items():
            expected, upper = predict(past, step) if predict else forecasts[series.index[place]]
            results[method].append((abs(load - expected), quantile_loss(load, upper), load <= upper))
    print(file=sys.stderr)
    means = {method: numpy.array(values, dtype=float).mean(axis=0) for method, values in results.items()}
    base = means["persistence"]
    return {
        method: (error / base[0], loss / base[1], coverage) for method, (error, loss, coverage) in means.items()
    }, step, len(chosen)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("directory", type=pathlib.Path, help="directory with traces as CSV")
    parser.add_argument("--program", default=".build/release/generalscaler", help="the generalscaler to compare")
    parser.add_argument("--times", type=int, default=100, help="predictions per trace (default: 100)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the drawn times (default: 1)")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    os.environ.setdefault("NIXTLA_ID_AS_COL", "1")
    paths = sorted(options.directory.glob("*.csv"))
    if not paths:
        sys.exit(f"{options.directory} has no traces (*.csv)")
    print("| trace | step | method | error | loss of the 95% quantile | load within the quantile |")
    print("|---|---|---|---|---|---|")
    for path in paths:
        try:
            outcome = compare(path.stem, path, options.program, options.times, options.seed)
        except ValueError as problem:
            print(f"{path.name} is skipped: {problem}", file=sys.stderr)
            continue
        if outcome is None:
            print(f"{path.name} is skipped: it has less than {LEAST_DAYS} days, or steps above 1 h", file=sys.stderr)
            continue
        results, step, _ = outcome
        for method, (error, loss, coverage) in results.items():
            print(f"| {path.stem} | {step} s | {method} | {error:.2f} | {loss:.2f} | {coverage:.0%} |", flush=True)


if __name__ == "__main__":
    main()
