"""docs/deploy/kubernetes.yaml: that its parts fit together, and what they may do."""

import re
from typing import Any

import pytest
from typer.main import get_command

from harness.deployment import DOCKERFILE, KUBERNETES, Document, documents
from logocache import __version__
from logocache.cli.main import app
from logocache.settings.sources import SERVICE_LINK

OBJECTS = {document["kind"]: document for document in documents(KUBERNETES)}
DEPLOYMENT = OBJECTS["Deployment"]["spec"]
JOB = OBJECTS["CronJob"]["spec"]["jobTemplate"]["spec"]
PODS = [
    pytest.param(DEPLOYMENT["template"]["spec"], id="server"),
    pytest.param(JOB["template"]["spec"], id="verify"),
]


def containers(pod: Document) -> list[Document]:
    return [*pod.get("initContainers", []), *pod["containers"]]


def test_nothing_is_missing() -> None:
    assert set(OBJECTS) == {"ConfigMap", "PersistentVolumeClaim", "Service", "Deployment", "CronJob"}


@pytest.mark.parametrize("pod", PODS)
def test_pods_run_as_the_image_s_user_and_own_the_volume(pod: Document) -> None:
    (user,) = re.findall(r"^USER (\d+):\d+$", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE)
    security = pod["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] == security["runAsGroup"] == security["fsGroup"] == int(user)
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}


@pytest.mark.parametrize("pod", PODS)
def test_containers_have_no_right_that_they_do_not_need(pod: Document) -> None:
    for container in containers(pod):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("pod", PODS)
def test_kubernetes_puts_no_variables_of_services_among_the_settings(pod: Document) -> None:
    assert pod["enableServiceLinks"] is False
    assert SERVICE_LINK.match("LOGO_CACHE_PORT")  # what the comment there says


@pytest.mark.parametrize("pod", PODS)
def test_each_mount_has_its_volume_and_each_volume_its_object(pod: Document) -> None:
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    claim = volumes["cached-logos"]["persistentVolumeClaim"]["claimName"]
    assert claim == OBJECTS["PersistentVolumeClaim"]["metadata"]["name"]
    for container in containers(pod):
        assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
        assert container["envFrom"] == [{"configMapRef": {"name": OBJECTS["ConfigMap"]["metadata"]["name"]}}]


@pytest.mark.parametrize("pod", PODS)
def test_secrets_are_mounted_where_the_settings_look(pod: Document) -> None:
    (mount,) = {
        each["mountPath"]
        for one in containers(pod)
        for each in one["volumeMounts"]
        if each["name"] == "secrets"
    }
    paths = [value for name, value in OBJECTS["ConfigMap"]["data"].items() if name.endswith("_FILE")]
    created = re.findall(r"--from-literal=(\w+)=", KUBERNETES.read_text(encoding="utf-8"))
    assert sorted(paths) == sorted(f"{mount}/{key}" for key in created)


@pytest.mark.parametrize("pod", PODS)
def test_the_image_is_this_version(pod: Document) -> None:
    assert {container["image"] for container in containers(pod)} == {
        f"registry.example.com/logocache:{__version__}"
    }


def test_what_runs_are_commands_of_the_program() -> None:
    (init,) = DEPLOYMENT["template"]["spec"]["initContainers"]
    (server,) = DEPLOYMENT["template"]["spec"]["containers"]
    (verify,) = JOB["template"]["spec"]["containers"]
    assert (init["args"], server["command"]) == (["init"], ["logocache", "serve"])
    assert verify["args"] == ["verify", "--json"]
    commands: dict[str, Any] = get_command(app).commands  # type: ignore[attr-defined]  # several commands: a group
    assert {"init", "serve", "verify"} <= set(commands)


def test_probes_ask_what_they_are_for() -> None:
    (server,) = DEPLOYMENT["template"]["spec"]["containers"]
    paths = {name: probe["httpGet"]["path"] for name, probe in server.items() if name.endswith("Probe")}
    assert paths == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}


def test_the_service_finds_the_server_and_not_the_job() -> None:
    selector = OBJECTS["Service"]["spec"]["selector"]
    assert selector == DEPLOYMENT["selector"]["matchLabels"] == DEPLOYMENT["template"]["metadata"]["labels"]
    assert selector != JOB["template"]["metadata"]["labels"]


def test_there_is_one_replica_on_a_volume_of_one_node() -> None:
    """And the old one lets go of it before the new one starts; the job goes to the same node."""
    assert OBJECTS["PersistentVolumeClaim"]["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert DEPLOYMENT["replicas"] == 1
    assert DEPLOYMENT["strategy"] == {"type": "Recreate"}
    (affinity,) = JOB["template"]["spec"]["affinity"]["podAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]
    assert affinity["labelSelector"] == DEPLOYMENT["selector"]


def test_a_check_that_takes_long_is_not_run_twice_at_once() -> None:
    assert OBJECTS["CronJob"]["spec"]["concurrencyPolicy"] == "Forbid"
    assert JOB["backoffLimit"] == 0
