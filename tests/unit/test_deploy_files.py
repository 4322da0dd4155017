"""The deploy files agree with the Procfile and with each other."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from ops.deploy_check import check_scaled_objects
from ops.local.supervised import ROOT, procfile_programs

DEPLOY = ROOT / "deploy"
COMMANDS = {one.name: ["python", *one.command[1:]] for one in procfile_programs()}
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


def objects(kind: str) -> list[dict[str, Any]]:
    found = [
        document
        for path in sorted((DEPLOY / "k8s").rglob("*.yaml"))
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
    ]
    return [one for one in found if one["kind"] == kind]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_process_has_the_same_command_everywhere(name: str) -> None:
    (deployment,) = [one for one in objects("Deployment") if one["metadata"]["name"] == name]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["command"] == COMMANDS[name]
    assert COMPOSE["services"][name]["command"] == COMMANDS[name]
    (unit,) = (DEPLOY / "systemd").glob(f"bridge-{name}*.service")
    words = " ".join(COMMANDS[name][1:])
    assert f"ExecStart=/opt/bridge/.venv/bin/python {words}\n" in unit.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_process_has_the_same_secrets_everywhere(name: str) -> None:
    asked = set(COMPOSE["services"][name]["secrets"])
    (deployment,) = [one for one in objects("Deployment") if one["metadata"]["name"] == name]
    volumes = {one["name"]: one for one in deployment["spec"]["template"]["spec"]["volumes"]}
    assert {item["key"] for item in volumes["secrets"]["secret"]["items"]} == asked
    (unit,) = (DEPLOY / "systemd").glob(f"bridge-{name}*.service")
    common = DEPLOY / "systemd" / "bridge-.service.d" / "10-common.conf"
    text = unit.read_text(encoding="utf-8") + common.read_text(encoding="utf-8")
    assert (
        set(re.findall(r"^LoadCredential=\w+:/etc/bridge/secrets/(\w+)$", text, re.MULTILINE))
        == asked
    )


def test_only_ingress_is_published_beyond_this_machine() -> None:
    published = {
        name: [port for port in row.get("ports", []) if not port.startswith("127.0.0.1:")]
        for name, row in COMPOSE["services"].items()
    }
    assert {name for name, ports in published.items() if ports} == {"ingress"}
    on_redis = {n for n, row in COMPOSE["services"].items() if "ledger" in row["networks"]}
    assert "sandbox" not in on_redis
    assert COMPOSE["networks"]["ledger"] == {"internal": True}


def test_every_secret_of_compose_is_made_by_the_script() -> None:
    script = (DEPLOY / "make-secrets.sh").read_text(encoding="utf-8")
    for name in COMPOSE["secrets"]:
        assert re.search(rf"\b{name}\b", script) or name.startswith("redis_url_")
    users = re.findall(
        r"^user (\w+)", (DEPLOY / "users.acl").read_text(encoding="utf-8"), re.MULTILINE
    )
    urls = {name.removeprefix("redis_url_") for name in COMPOSE["secrets"] if "_url_" in name}
    assert urls == set(users) - {"default", "health"}


def test_the_sandbox_image_has_the_pinned_aiohttp() -> None:
    (pinned,) = re.findall(
        r"^aiohttp==.+$", (ROOT / "requirements-dev.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert pinned in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_an_unknown_key_of_a_scaled_object_is_found() -> None:
    wrong = {"metadata": {"name": "x"}, "spec": {"maxReplicas": 3, "triggers": []}}
    with pytest.raises(ValueError, match="ScaledObject x: unknown"):
        check_scaled_objects([wrong])


def test_the_backlog_and_not_cpu_decides_how_many_workers_there_are() -> None:
    scaled = objects("ScaledObject")
    assert {one["spec"]["scaleTargetRef"]["name"] for one in scaled} == {
        "worker-inbox",
        "worker-koji",
    }
    triggers = [trigger for one in scaled for trigger in one["spec"]["triggers"]]
    assert {trigger["type"] for trigger in triggers} == {"prometheus"}
