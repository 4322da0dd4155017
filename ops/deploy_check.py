"""`make deploy-check`: each deploy file by the tool that knows it, then each service by hand.

Prints each command before it runs. Tools come from requirements-tools.txt, and from the packages of
Debian or Ubuntu where they are not there and this is root. Ends with 0, or with 1 and what failed.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ops.local.supervised import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

DEPLOY = ROOT / "deploy"
TOOLS = ROOT / ".venv-tools" / "bin"
UNPACKED = ROOT / ".run" / "tools"
OVERLAYS = ("small", "production")
# Oldest and newest version of Kubernetes that the manifests are held to.
KUBERNETES = ("1.29", "1.37")
# 0 is closed, 100 is open: what `systemd-analyze security` calls `OK` ends at 50 (5.0).
MOST_EXPOSED = "20"
INSTALL = "apt-get install --yes --quiet --no-install-recommends"
# Installing `prometheus` would start a server, so that only its promtool is taken out.
PACKAGES = {
    "docker-compose": f"{INSTALL} docker-compose",
    "systemd-analyze": f"{INSTALL} systemd",
    "promtool": "cd {folder} && apt-get download prometheus && dpkg -x prometheus_*.deb .",
}
SCALED_OBJECT = {  # keda.sh/docs, concepts, scaling deployments
    *("scaleTargetRef", "pollingInterval", "cooldownPeriod", "minReplicaCount"),
    *("maxReplicaCount", "fallback", "triggers", "advanced", "initialCooldownPeriod"),
}


def run(*command: str | Path, folder: Path = ROOT, environ: dict[str, str] | None = None) -> str:
    """Print and run a command, return what it printed; raises CalledProcessError."""
    words = [str(word) for word in command]
    shown = " ".join(shlex.quote(word).replace(f"{ROOT}/", "") for word in words)
    print(f"  $ {shown}", flush=True)
    done = subprocess.run(  # noqa: S603 - our own command lines
        words,
        cwd=folder,
        env={**os.environ, **(environ or {})},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        print(done.stdout)
        done.check_returncode()
    return done.stdout


def tool(name: str) -> str:
    """Return a tool's path, installing its package where that is possible."""
    unpacked = UNPACKED / "usr" / "bin" / name
    found = shutil.which(name) or (str(unpacked) if unpacked.exists() else None)
    if found:
        return found
    if not shutil.which("apt-get") or os.geteuid():
        raise FileNotFoundError(f"{name}: not found; install it, then again")
    UNPACKED.mkdir(parents=True, exist_ok=True)
    run("sh", "-c", f"apt-get update --quiet && {PACKAGES[name].format(folder=UNPACKED)}")
    return shutil.which(name) or str(unpacked)


def check_image() -> None:
    """Lint the Dockerfile."""
    run(TOOLS / "hadolint", "Dockerfile")


def check_compose() -> None:
    """Let compose read its file, with accounts, without, and with monitoring."""
    compose = [tool("docker-compose")]
    run("sh", "-n", DEPLOY / "make-secrets.sh")
    run(*compose, "config", "--quiet")
    run(*compose, "--env-file", "deploy/sandbox.env", "config", "--quiet")
    run(*compose, "--profile", "monitoring", "--profile", "ops", "config", "--quiet")


def check_kubernetes() -> None:
    """Build every overlay, and hold what comes out to the schemas of Kubernetes."""
    with tempfile.TemporaryDirectory() as folder:
        for overlay in OVERLAYS:
            built = Path(folder) / f"{overlay}.yaml"
            built.write_text(run(TOOLS / "kubectl", "kustomize", DEPLOY / "k8s/overlays" / overlay))
            for version in KUBERNETES:
                options = ("--strict", "--quiet", "--no-warn", "-k", version)
                run(TOOLS / "kubernetes-validate", *options, built)
            documents = [one for one in yaml.safe_load_all(built.read_text()) if one]
            scaled = [one for one in documents if one["kind"] == "ScaledObject"]
            check_scaled_objects(scaled)
            print(f"  {overlay}: {len(documents)} objects, {len(scaled)} of them KEDA's")


def check_scaled_objects(objects: Iterable[dict[str, Any]]) -> None:
    """Hold KEDA's objects to the keys that it knows, and their queries to PromQL.

    Their schema comes with KEDA and not with Kubernetes, so no validator knows it offline.
    """
    rules = []
    for one in objects:
        unknown = set(one["spec"]) - SCALED_OBJECT
        if unknown:
            raise ValueError(f"ScaledObject {one['metadata']['name']}: unknown {sorted(unknown)}")
        for trigger in one["spec"]["triggers"]:
            float(trigger["metadata"]["threshold"])
            rules.append({"record": "check:query", "expr": trigger["metadata"]["query"]})
    if rules:
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            for number, rule in enumerate(rules):
                rule["labels"] = {"number": str(number)}
            yaml.safe_dump({"groups": [{"name": "keda", "rules": rules}]}, file)
            file.flush()
            run(tool("promtool"), "check", "rules", file.name)


def check_systemd() -> None:
    """Verify the units, with this Python in the place of the installed one, and their exposure."""
    analyze = tool("systemd-analyze")
    with tempfile.TemporaryDirectory() as folder:
        units = Path(folder) / "units"
        shutil.copytree(DEPLOY / "systemd", units)
        for unit in units.glob("*.service"):
            python = str(Path(sys.executable).resolve())
            text = unit.read_text().replace("/opt/bridge/.venv/bin/python", python)
            unit.write_text(text)
        names = sorted(path.name for path in units.glob("bridge*.*") if path.is_file())
        paths = [f"./{name}" for name in names]
        run(analyze, "verify", "--man=no", *paths, folder=units)
        limit = ("security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager")
        for path in paths:
            if path.endswith(".service"):
                run(analyze, *limit, path, folder=units)


def check_monitoring() -> None:
    """Check rules and both configurations of Prometheus; read what Grafana is given."""
    promtool = tool("promtool")
    run(promtool, "check", "rules", DEPLOY / "alerts.yml")
    run(promtool, "check", "config", DEPLOY / "prometheus.yml")
    with tempfile.TemporaryDirectory() as folder:  # as docker-compose.yml mounts them
        for path in (DEPLOY / "compose" / "prometheus.yml", DEPLOY / "alerts.yml"):
            shutil.copy(path, folder)
        run(promtool, "check", "config", Path(folder) / "prometheus.yml")
    for path in sorted((DEPLOY / "grafana").rglob("*.yml")):
        print(f"  reads {path.relative_to(ROOT)}: {', '.join(yaml.safe_load(path.read_text()))}")
    panels = json.loads((DEPLOY / "grafana-dashboard.json").read_text())["panels"]
    print(f"  reads deploy/grafana-dashboard.json: {len(panels)} panels (no schema tool is used)")


def check_by_hand() -> None:
    """Run each service of docker-compose.yml as compose would, in its functional test."""
    test = "tests/functional/test_compose.py"
    print(run(sys.executable, "-m", "pytest", "-v", "--no-header", test))


CHECKS: dict[str, Callable[[], None]] = {
    "Dockerfile": check_image,
    "docker-compose.yml": check_compose,
    "Kubernetes": check_kubernetes,
    "systemd": check_systemd,
    "Prometheus and Grafana": check_monitoring,
    "each service of docker-compose.yml, by hand": check_by_hand,
}


def main() -> int:
    """Run every check, whatever the others say."""
    failed = []
    for name, check in CHECKS.items():
        print(f"\n{name}")
        try:
            check()
        except (subprocess.CalledProcessError, OSError, ValueError, KeyError) as exc:
            failed.append(name)
            print(f"  FAILED: {exc}")
    print(
        f"\n{len(CHECKS) - len(failed)} of {len(CHECKS)} checks passed", *failed, sep="\n  failed: "
    )
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
