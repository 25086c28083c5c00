#!/usr/bin/env python3
"""Checks Kubernetes manifests against the schemas of a version of Kubernetes. GeneralScalers are skipped: `generalscaler
validate` knows more of them.

Usage: check-manifests.py VERSION FILE...
"""

import pathlib
import sys

import kubernetes_validate
import yaml


def errors(path, version):
    for item in yaml.safe_load_all(path.read_text()):
        if not item or item["kind"] == "GeneralScaler":
            continue
        name = f"{path}: {item['kind']}/{item['metadata']['name']}"
        try:
            kubernetes_validate.validate(item, version, strict=True)
            print(f"{name}: valid")
        except kubernetes_validate.ValidationError as error:
            yield f"{name}: {'.'.join(map(str, error.path))}: {error.message}"
        except kubernetes_validate.SchemaNotFoundError as error:
            yield f"{name}: {error.message}"


def main():
    version, *paths = sys.argv[1:]
    found = [error for path in paths for error in errors(pathlib.Path(path), version)]
    for error in found:
        print(error, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
