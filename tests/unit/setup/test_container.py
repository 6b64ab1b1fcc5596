"""The container's files: nothing from elsewhere, not root, as closed as the service, and alike where they should be."""

import json
import re
import shlex
from collections import defaultdict

import pytest
import yaml
from markdown_it import MarkdownIt

from ocrwatchd.core.config.schema import JobLimits
from ocrwatchd.core.systemd import STOP_MARGIN_S
from ocrwatchd.setup.service.target import Target
from ocrwatchd.setup.service.unit_files import text
from tests.paths import CHECKOUT, DOCS

BASE = "debian:12-slim"
STOP_SECONDS = int(JobLimits().stop_seconds + STOP_MARGIN_S)
ROOT = str(Target().default_root)
QUADLET_KEYS = {
    *("AddCapability", "ContainerName", "DropCapability", "Group", "HealthCmd", "HealthInterval", "HealthOnFailure"),
    *("HealthRetries", "HealthStartPeriod", "HealthTimeout", "HostName", "Image", "Network", "NoNewPrivileges"),
    *("Notify", "PodmanArgs", "ReadOnly", "Timezone", "User", "Volume"),
}
"""The keys that we use and Podman 4.6 knows (podman-systemd.unit(5)); Quadlet refuses a unit with another one."""


def instructions():
    """The instructions of the Containerfile: name and arguments, one line each."""
    lines = text("Containerfile").splitlines()
    joined = "\n".join(line for line in lines if not line.lstrip().startswith("#")).replace("\\\n", "")
    return [tuple(line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


def stages():
    """The instructions of each stage, by the number of its FROM."""
    found = []
    for name, arguments in instructions():
        if name == "FROM":
            found.append([])
        found[-1].append((name, arguments))
    return found


def said(stage, name):
    """The arguments of each instruction of that name."""
    return [arguments for each, arguments in stage if each == name]


def unit():
    """The sections of the Quadlet unit: for each key its values, for a key may stand there more than once."""
    found = {}
    for line in text("ocrwatchd.container").splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), defaultdict(list))
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            section[key].append(value)
    return found


def compose():
    """The service of the Compose file in the documentation."""
    tokens = MarkdownIt("commonmark").parse((DOCS / "container.md").read_text(encoding="utf-8"))
    (shown,) = (each.content for each in tokens if each.type == "fence" and each.info == "yaml")
    return yaml.safe_load(shown)


@pytest.mark.parametrize("name", ["Containerfile", "ocrwatchd.container"])
def test_no_address_of_a_registry_or_a_server(name):
    """Images by their plain names, packages by the tools' own settings."""
    settings = "\n".join(line for line in text(name).splitlines() if not line.startswith("#"))
    assert not re.search(r"://|index-url|trusted-host|\b(?!ocrwatchd\b)[\w-]+\.(?:io|com|org|net)\b", settings)


def test_two_stages_on_the_same_base():
    """The second one gets the finished program only."""
    built, final = stages()
    assert said(built, "FROM") == [f"{BASE} AS build"]
    assert said(final, "FROM") == [BASE]
    assert said(final, "COPY") == ["--from=build /opt/ocrwatchd /opt/ocrwatchd"]
    assert not said(built, "ADD") + said(final, "ADD")


def test_the_result_has_no_compiler():
    """Nor what compiles a package."""
    _, final = stages()
    assert "g++" in " ".join(said(stages()[0], "RUN"))
    assert not re.search(
        r"\b(?:gcc|g\+\+|make|cmake|pip|build-essential|[\w-]+-dev)(?![\w+])", " ".join(said(final, "RUN"))
    )


def test_nobody_runs_it_as_root():
    """A number, for a runtime that forbids root cannot look up a name; the last instruction counts."""
    _, final = stages()
    (user,) = said(final, "USER")
    numbers = user.split(":")
    assert len(numbers) == 2
    assert all(int(number) >= 1000 for number in numbers)


def test_versions_come_from_the_project():
    """No second list of libraries that could differ."""
    run = " ".join(said(stages()[0], "RUN"))
    assert 'load(open("pyproject.toml", "rb"))["project"]["dependencies"]' in run
    assert not re.search(r"[=<>~]=", run)


def test_what_the_build_copies_is_there():
    """And what a build of the package needs is copied."""
    copied = [name for arguments in said(stages()[0], "COPY") for name in shlex.split(arguments)[:-1]]
    assert all((CHECKOUT / name).exists() for name in copied)
    assert {"pyproject.toml", "README.md", "LICENSE", "systemd", "ocrwatchd"} == set(copied)


def test_the_settings_of_llama_cpp_are_the_same_wherever_it_is_compiled():
    """One decision about what is left out of it: on the first page, in the manual and in the container."""
    found = re.compile(r"CMAKE_ARGS='([^']+)'[^=]*SKBUILD_CMAKE_SOURCE_DIR=(\S+) \S+/pip install ")
    pages = [(CHECKOUT / "README.md").read_text("utf-8"), (DOCS / "administration.md").read_text("utf-8")]
    run = " ".join(said(stages()[0], "RUN"))
    assert [len(found.findall(each)) for each in (*pages, run)] == [3, 1, 1]
    assert len({setting for each in (*pages, run) for setting in found.findall(each)}) == 1


def test_quadlet_knows_every_key():
    """An unknown key makes no service at all."""
    assert set(unit()["Container"]) <= QUADLET_KEYS
    assert {"Unit", "Container", "Service", "Install"} == set(unit())


def test_the_unit_is_as_closed_as_the_service():
    """No network, nothing writable but its volumes, no rights but the one that the service has."""
    container = unit()["Container"]
    assert container["Network"] == ["none"]
    assert container["ReadOnly"] == container["NoNewPrivileges"] == ["true"]
    assert container["DropCapability"] == ["all"]
    assert "\nAmbientCapabilities=CAP_" + container["AddCapability"][0] in text("ocrwatchd.service")
    assert "--ulimit=core=0" in container["PodmanArgs"]
    assert container["Volume"] == [f"{ROOT}:{ROOT}:Z", "ocrwatchd-state:/var/lib/ocrwatchd"]
    assert f"{container['User'][0]}:{container['Group'][0]}" == said(stages()[1], "USER")[0]


def test_the_units_limits_are_those_of_the_service():
    """Each setting of [Service] stands in the service's unit, but for the time to stop."""
    service = text("ocrwatchd.service").splitlines()
    lines = {f"{key}={value}" for key, values in unit()["Service"].items() for value in values}
    assert {line for line in lines if line not in service} == {f"TimeoutStopSec={STOP_SECONDS + 10}"}


def test_it_is_ready_when_the_daemon_says_so_and_gets_its_time_to_stop():
    """READY of the daemon itself; SIGTERM, then job.stop_seconds and a margin."""
    container = unit()["Container"]
    assert container["Notify"] == ["true"]
    assert container["HealthCmd"] == ["env -u CONFIGURATION_DIRECTORY ocrwatchd status"]
    assert f"--stop-timeout={STOP_SECONDS}" in container["PodmanArgs"]


def test_compose_is_as_closed_as_the_unit():
    """The example of the documentation, whose user comes from the environment."""
    everything = compose()
    service = everything["services"]["ocrwatchd"]
    ours = unit()["Container"]
    assert service["network_mode"] == ours["Network"][0]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["ulimits"] == {"core": 0}
    assert service["user"] == "${OCRWATCHD_UID:-10001}:${OCRWATCHD_GID:-10001}"
    assert [volume.rsplit(":/", 1)[-1] for volume in service["volumes"]] == ["srv/ocrwatchd:Z", "var/lib/ocrwatchd"]
    assert set(everything["volumes"]) == {"state"}
    assert service["stop_grace_period"] == f"{STOP_SECONDS}s"
    assert service["hostname"] == ours["HostName"][0]
    assert service["healthcheck"]["test"] == ["CMD", *ours["HealthCmd"][0].split()]
    assert service["image"] == ours["Image"][0].removeprefix("localhost/")
    assert (CHECKOUT / service["build"]["dockerfile"]).is_file()


def test_the_images_health_check_is_the_units():
    """Docker takes it from the image."""
    (check,) = said(stages()[1], "HEALTHCHECK")
    container = unit()["Container"]
    options = {"interval": "HealthInterval", "timeout": "HealthTimeout", "start-period": "HealthStartPeriod"}
    assert all(f"--{option}={container[key][0]} " in check for option, key in options.items())
    assert check.endswith(f"CMD {json.dumps(container['HealthCmd'][0].split())}")
