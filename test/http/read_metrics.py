"""Reads an exposition from standard input with Prometheus' own Python parsers; prints families as JSON."""

import json
import sys

from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client import parser as prometheus

parsers = {"prometheus": prometheus, "openmetrics": openmetrics}
text = sys.stdin.buffer.read().decode()
families = {}
for family in parsers[sys.argv[1]].text_string_to_metric_families(text):
    samples = [[sample.name, sample.labels, sample.value] for sample in family.samples]
    families[family.name] = {"type": family.type, "help": family.documentation, "samples": samples}
json.dump(families, sys.stdout)
