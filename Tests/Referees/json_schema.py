#!/usr/bin/env python3
"""Validates YAML files against the JSON Schema that `nanobuild schema` writes.

    nanobuild schema > schema.json
    python3 json_schema.py schema.json --good pipeline.yaml … --broken broken.yaml …

Every good file must pass and every broken one must fail; otherwise the exit status is 1. The
schema itself is checked against the draft-07 metaschema.

Needs the packages jsonschema and PyYAML.
"""

import argparse
import json
import sys

import yaml
from jsonschema import Draft7Validator


def plain(value):
    """The value with every mapping's keys as strings, as JSON has them."""
    if isinstance(value, dict):
        return {str(key): plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [plain(element) for element in value]
    return value


def faults(validator, path):
    with open(path, encoding="utf-8") as file:
        instance = plain(yaml.safe_load(file))
    found = sorted(validator.iter_errors(instance), key=lambda error: list(map(str, error.path)))
    return ["/".join(map(str, error.path)) + ": " + error.message[:200] for error in found]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("schema")
    parser.add_argument("--good", nargs="*", default=[])
    parser.add_argument("--broken", nargs="*", default=[])
    arguments = parser.parse_args()
    with open(arguments.schema, encoding="utf-8") as file:
        schema = json.load(file)
    Draft7Validator.check_schema(schema)
    validator = Draft7Validator(schema)
    wrong = 0
    for path in arguments.good:
        found = faults(validator, path)
        wrong += bool(found)
        print(f"{path}: {'wrongly refused' if found else 'passes'}")
        for fault in found:
            print("  " + fault)
    for path in arguments.broken:
        found = faults(validator, path)
        wrong += not found
        print(f"{path}: {'fails' if found else 'wrongly accepted'}")
        for fault in found[:1]:
            print("  " + fault)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
