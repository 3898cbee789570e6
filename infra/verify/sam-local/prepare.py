"""Writes into WORK what `sam local` needs: the template with the folder of each binary, the functions' variables, which
event goes to which function, requests of the API. Usage: prepare.py ROOT BINARIES WORK ENGINES, where WORK holds `greeting`, and ENGINES is where
containers find the engines."""

import json
import platform
import re
import shutil
import sys
from pathlib import Path

from samcli.yamlhelper import yaml_dump, yaml_parse

root, binaries, work = (Path(argument) for argument in sys.argv[1:4])
engines = sys.argv[4]
greeting = json.loads((work / "greeting").read_text(encoding="utf-8"))
template = yaml_parse((root / "template.yaml").read_text(encoding="utf-8"))

architecture = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
template["Parameters"]["Architecture"]["Default"] = architecture
# `sam local` hands over the variables that the template declares, and no others.
template["Globals"]["Function"]["Environment"]["Variables"]["AWS_ENDPOINT_URL"] = engines
for name, resource in list(template["Resources"].items()):
    if resource["Type"] == "AWS::Serverless::Function":
        folder = work / name
        folder.mkdir()
        shutil.copy2(binaries / resource["Metadata"].pop("BuildProperties")["Binary"], folder / "bootstrap")
        resource.pop("Metadata")
        resource["Properties"]["CodeUri"] = str(folder)
    elif resource["Type"] == "AWS::CloudFormation::Stack":
        # Alarms and dashboard: nothing to run, and their files are elsewhere.
        del template["Resources"][name]
template.pop("Outputs")
(work / "template.yaml").write_text(yaml_dump(template), encoding="utf-8")

variables = {function: known | {"AWS_ENDPOINT_URL": engines} for function, known in greeting["variables"].items()}
(work / "variables.json").write_text(json.dumps(variables), encoding="utf-8")

# As events/README.md says.
page = (root / "events" / "README.md").read_text(encoding="utf-8")
pairs = re.findall(r"^sam local invoke (\w+) +-e events/(\S+)$", page, re.MULTILINE)
assert len(pairs) == len(list((root / "events").glob("*.json"))), "events/README.md does not name every event"
(work / "events").write_text("".join(f"{function} {event}\n" for function, event in pairs), encoding="utf-8")

key = greeting["services"]["mec"]["sync"]
requests = [
    ("/communs/v1/statuts", 401, "Accept: */*"),
    ("/communs/v1/statuts", 200, f"Authorization: Bearer {key}"),
    ("/droits/v1/openapi.json", 200, "Accept: */*"),
    ("/coop/v1/sync-runs", 200, f"Authorization: Bearer {greeting['services']['coop']['sync']}"),
]
(work / "requests").write_text("".join(f"{path} {status} {header}\n" for path, status, header in requests), encoding="utf-8")
