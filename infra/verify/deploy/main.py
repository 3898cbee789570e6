"""Deploys template.yaml with MiniStack and drives its three APIs. Usage: main.py ROOT BINARIES WORK, where WORK holds
`greeting` and `stand-ins.log`, the output of the local stack that lends its stand-ins."""

import json
import os
import sys
import time
import tomllib
import traceback
from pathlib import Path

import communs
import coop
import droits
import gaps
import operate
import package
import watch
from api import Api
from common import Failure, deviations, ok
from stack import Stack


def deployed(root: Path, binaries: Path, work: Path) -> Stack:
    template, nested = package.read_templates(root)
    gaps.fit(template, nested)
    address = package.upload(template, nested, binaries, work, os.environ["AWS_REGION"])
    stand_ins = json.loads((work / "greeting").read_text(encoding="utf-8"))["neighbours"]
    parameters = {parameter: stand_ins[name] for parameter, name in gaps.NEIGHBOURS.items()}
    parameters |= {"Stage": "dev", "Architecture": package.architecture()}
    # What `sam deploy` grants.
    deploy = tomllib.loads((root / "samconfig.toml").read_text(encoding="utf-8"))["default"]["deploy"]["parameters"]
    return Stack.create(template, address, parameters, deploy["capabilities"].split())


def drive(stack: Stack, passerelle: Path, work: Path) -> None:
    gaps.add_routes(stack)
    gaps.expire_items(stack)
    watch.watched(stack)
    watch.roles_are_enforced(stack)
    operate.fill_secrets(stack)
    keys = {service: operate.issue_key(stack, passerelle, service, "sync") for service in ("tet", "mec", "coop")}
    keys["manage"] = operate.issue_key(stack, passerelle, "zlv", "manage")
    ok(f"{len(keys)} API keys issued")

    api = Api(stack)
    communs.open_to_strangers(api)
    communs.refuses_loopback(api, keys["mec"])
    gaps.allow_loopback(stack)
    communs.told(api, keys["tet"], keys["mec"])
    droits.load(api, keys["manage"])
    droits.sign_in(api, keys["manage"])
    droits.second_factor(api, stack, work / "stand-ins.log")
    coop.synchronise(api, stack, keys["coop"])
    coop.nightly(api, stack, keys["coop"])
    watch.queues_are_empty(stack)
    watch.mappings_worked(stack)
    watch.schedules_ran(stack)
    watch.nothing_wrong(stack)


def main() -> int:
    root, binaries, work = (Path(argument).resolve() for argument in sys.argv[1:])
    began = time.monotonic()
    stack = None
    try:
        stack = deployed(root, binaries, work)
        drive(stack, binaries / "passerelle", work)
    except Exception as error:
        if stack is not None:
            watch.show_logs(stack)
        if not isinstance(error, Failure):
            traceback.print_exception(error)
        print(f"FAILED  {error}", file=sys.stderr)
        return 1
    print("\nUnlike AWS:")
    for text in deviations():
        print(f"  - {text}")
    print(f"\nDeployed and driven in {time.monotonic() - began:.0f} s.")
    return 0


sys.exit(main())
