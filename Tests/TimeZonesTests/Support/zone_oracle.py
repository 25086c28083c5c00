#!/usr/bin/env python3
"""Tells what Python's zoneinfo makes of time zones around each of their changes.

Usage: zone_oracle.py FIRST_YEAR LAST_YEAR ZONE...

Prints lines of:
  change ZONE INSTANT OFFSET_BEFORE OFFSET_AFTER   every change of the offset, in seconds
  local ZONE MINUTE INSTANT                        the instant of a local minute near a change: the first of two, and that
                                                   of the change for one that does not exist
  window ZONE START_MINUTE START END               a window of 45 minutes by the clocks; both instants
"""

import datetime
import sys
import zoneinfo

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1)
HOUR = 3600


def offset(zone, instant):
    return int(datetime.datetime.fromtimestamp(instant, zone).utcoffset().total_seconds())


def changes(zone, first, last):
    instant = int(datetime.datetime(first, 1, 1, tzinfo=UTC).timestamp())
    end = int(datetime.datetime(last + 1, 1, 1, tzinfo=UTC).timestamp())
    while instant < end:
        if offset(zone, instant) != offset(zone, instant + HOUR):
            low, high = instant, instant + HOUR
            while high - low > 1:
                middle = (low + high) // 2
                if offset(zone, middle) == offset(zone, low):
                    low = middle
                else:
                    high = middle
            yield high
        instant += HOUR


def instant_of(zone, minute, change):
    local = EPOCH + datetime.timedelta(minutes=minute)
    instant = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != local:
        return change
    return int(instant.timestamp())


def main():
    first, last, *names = sys.argv[1:]
    for name in names:
        zone = zoneinfo.ZoneInfo(name)
        for change in changes(zone, int(first), int(last)):
            before, after = offset(zone, change - 1), offset(zone, change)
            print("change", name, change, before, after)
            for minute in range((change + min(before, after)) // 60 - 95, (change + max(before, after)) // 60 + 95, 5):
                print("local", name, minute, instant_of(zone, minute, change))
                start, end = (instant_of(zone, time, change) for time in (minute, minute + 45))
                print("window", name, minute, start, end)


if __name__ == "__main__":
    main()
