"""La Coop: one person is synchronised on demand, all of them by the nightly job; Brevo is told."""

from datetime import datetime, timezone

from api import Api
from common import client, deviation, expect, ok, until
from stack import Stack

# Demonstration people of the stand-in for the Dataspace: becomes conseillère numérique; contract without a date;
# not known there.
AMINA, CHLOE, FARID = (f"d0000000-0000-4000-8000-00000000000{rank}" for rank in (1, 3, 6))
PEOPLE = {
    AMINA: {"email": "amina.benali@coop.demo.fr", "prenom": "Amina", "nom": "Benali"},
    CHLOE: {"email": "chloe.martin@coop.demo.fr", "prenom": "Chloé", "nom": "Martin"},
    FARID: {"email": "farid.saidi@coop.demo.fr", "prenom": "Farid", "nom": "Saïdi"},
}


def synchronise(api: Api, stack: Stack, key: str) -> None:
    for person, registration in PEOPLE.items():
        status, _, answer = api.send("PUT", f"/coop/v1/users/{person}", key, registration)
        expect(status in (200, 201), f"registration of {registration['prenom']}: {status} {answer!r}")
    ok(f"{len(PEOPLE)} people of La Coop are registered")
    result = api.call(200, "POST", f"/coop/v1/users/{AMINA}/dataspace-sync", key)
    expect(result["changes"]["conseillerNumeriqueCreated"], f"Amina did not change: {result}")
    expect(result["emplois"]["created"] == 1, f"Amina has no new emploi: {result}")
    view = api.call(200, "GET", f"/coop/v1/users/{AMINA}", key)
    expect(view["user"]["isConseillerNumerique"] and len(view["emplois"]) == 1, f"Amina is kept otherwise: {view}")
    ok("Amina, synchronised with the Dataspace, is conseillère numérique with one emploi")
    nothing_owed(stack, "Amina's contact")


def nothing_owed(stack: Stack, what: str) -> None:
    """Brevo is told by its queue within seconds; the sweep would take half a minute at least."""

    def settled() -> bool:
        owed = client("dynamodb").query(
            TableName=stack.ids["CoopTable"],
            IndexName="due",
            KeyConditionExpression="due = :contacts",
            ExpressionAttributeValues={":contacts": {"S": "CONTACTS"}},
        )
        return owed["Count"] == 0

    until(f"{what} told to Brevo", 25, settled)
    ok(f"{what} told to Brevo, nothing is owed any more")


def nightly(api: Api, stack: Stack, key: str) -> None:
    """By EventBridge Scheduler: a copy of the schedule that was deployed, due now."""
    scheduler = client("scheduler")
    deployed = scheduler.get_schedule(Name=stack.ids["DataspaceSyncNightly"])
    expect(deployed["State"] == "ENABLED", f"the nightly schedule is {deployed['State']}")
    wanted = stack.processed["Resources"]["DataspaceSyncNightly"]["Properties"]["ScheduleExpressionTimezone"]
    if deployed["ScheduleExpressionTimezone"] != wanted:
        deviation(f"lost by MiniStack: the time zone of the nightly schedule ({wanted})")
    expect(not api.call(200, "GET", "/coop/v1/sync-runs", key)["items"], "there was a nightly run already")
    now = datetime.now(timezone.utc)
    scheduler.create_schedule(
        Name=f"{deployed['Name']}-now",
        ScheduleExpression=f"at({now:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=deployed["Target"],
        ActionAfterCompletion="DELETE",
    )
    deviation("done by API: a copy of the nightly schedule, due at once, starts the nightly run")

    def completed() -> dict | None:
        runs = api.call(200, "GET", "/coop/v1/sync-runs", key)["items"]
        return next((run for run in runs if run["status"] == "completed"), None)

    run = until("the end of the nightly run", 90, completed)
    counted = {name: run[name] for name in ("total", "synced", "noOp", "failed", "pending")}
    wanted = {"total": 3, "synced": 2, "noOp": 1, "failed": 0, "pending": 0}
    expect(counted == wanted, f"the nightly run counts {counted}, not {wanted}")
    view = api.call(200, "GET", f"/coop/v1/users/{CHLOE}", key)
    expect(view["user"]["isConseillerNumerique"], f"Chloé is kept otherwise: {view}")
    ok("the nightly run, started by EventBridge Scheduler, is completed: 2 synchronised, 1 not known")
    nothing_owed(stack, "Chloé's contact")
