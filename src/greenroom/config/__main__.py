"""Write the reference file, or with ``--schema`` the JSON schema, to stdout."""

import json
import sys

from greenroom.config.reference import annotated, json_schema

sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n" if "--schema" in sys.argv else annotated())
