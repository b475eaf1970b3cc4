#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes manifests: as files always, and as kustomize renders them where a kubectl with kustomize 4 or newer is."""
import copy
import json
import pathlib
import re
import subprocess
import tempfile
import unittest

import manifests
import options
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
KUBERNETES = ROOT / "deploy/kubernetes"


def load(path):
    return [thing for thing in yaml.safe_load_all(path.read_text()) if thing]


def base():
    files = yaml.safe_load((KUBERNETES / "base/kustomization.yaml").read_text())["resources"]
    return [thing for name in files for thing in load(KUBERNETES / "base" / name)]


def kustomize_is_there():
    try:
        run = subprocess.run(["kubectl", "version", "--client", "-o", "json"], capture_output=True, text=True, timeout=60)
        version = json.loads(run.stdout).get("kustomizeVersion", "")
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return False
    return bool(re.match(r"v([4-9]|\d\d)\.", version))


def render(overlay):
    run = subprocess.run(["kubectl", "kustomize", KUBERNETES / overlay], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return [thing for thing in yaml.safe_load_all(run.stdout) if thing]


class FilesTest(unittest.TestCase):

    def test_the_base_is_consistent(self):
        self.assertEqual(manifests.findings(base(), rendered=False), [])

    def test_every_file_is_listed_and_every_listed_file_exists(self):
        for kustomization in [*KUBERNETES.rglob("kustomization.yaml"), ROOT / "dashboards/kustomization.yaml"]:
            content = yaml.safe_load(kustomization.read_text())
            listed = [*content.get("resources", []), *content.get("components", []), *[p["path"] for p in content.get("patches", []) if "path" in p],
                      *[f for g in content.get("configMapGenerator", []) for f in g.get("files", [])]]
            for name in listed:
                self.assertTrue((kustomization.parent / name).exists(), f"{kustomization}: {name}")
            here = {path.name for path in kustomization.parent.glob("*.yaml")} - {"kustomization.yaml"}
            self.assertLessEqual(here, set(listed), kustomization)

    def test_images_are_pinned_by_the_base(self):
        images = {each["name"]: each["newTag"] for each in yaml.safe_load((KUBERNETES / "base/kustomization.yaml").read_text())["images"]}
        version = re.search(r'kVersion\[\] = "([\d.]+)"', (ROOT / "services/base/version.h").read_text()).group(1)
        for workload in manifests.workloads(base()):
            for container in manifests.containers(workload):
                self.assertEqual(images[container["image"]], version)

    def test_every_setting_is_an_option_of_its_program(self):
        shared = [line.split("=")[0] for generator in yaml.safe_load((KUBERNETES / "base/kustomization.yaml").read_text())["configMapGenerator"]
                  for line in generator["literals"]]
        for workload in manifests.workloads(base()):
            for container in manifests.containers(workload):
                declared = options.options_of(container["name"])
                for name in [each["name"] for each in container["env"] if each["name"].startswith("BASISBENCH_")] + shared:
                    self.assertIn(f'envname("{name}")', declared, f"{container['name']} has no option for {name}")

    def test_listening_ports_are_the_declared_ones(self):
        for workload in manifests.workloads(base()):
            for container in manifests.containers(workload):
                declared = {port["containerPort"] for port in container["ports"]}
                values = {each["name"]: each.get("value", "") for each in container["env"]}
                listening = {int(values[name].rsplit(":", 1)[1]) for name in ("BASISBENCH_LISTEN", "BASISBENCH_HTTP")}
                self.assertEqual(declared, listening, container["name"])

    def test_secrets_script_makes_a_certificate_that_verifies_for_every_name(self):
        with tempfile.TemporaryDirectory() as folder:
            made = subprocess.run([KUBERNETES / "secrets.sh", folder, "bench"], capture_output=True, text=True, check=True).stdout
            for name in ("basisbench-coordinator", "basisbench-worker-3.basisbench-worker.bench.svc", "localhost"):
                for purpose in ("sslserver", "sslclient"):
                    subprocess.run(["openssl", "verify", "-CAfile", f"{folder}/ca.crt", "-purpose", purpose, "-verify_hostname", name,
                                    f"{folder}/tls.crt"], check=True, capture_output=True)
            self.assertEqual(subprocess.run(["openssl", "verify", "-CAfile", f"{folder}/ca.crt", "-verify_hostname", "elsewhere",
                                             f"{folder}/tls.crt"], capture_output=True).returncode, 2)
            files = {key: set(re.findall(r"--from-file=\S+/([\w.]+)", line)) for line in made.splitlines() for key in re.findall(r"generic (\S+)", line)}
            self.assertEqual(files, {"basisbench-tls": {"tls.crt", "tls.key", "ca.crt"}, "basisbench-token": {"token"}})
            self.assertNotEqual(subprocess.run([KUBERNETES / "secrets.sh", folder], capture_output=True).returncode, 0, "overwrites an authority")
        used = {v["secret"]["secretName"] for w in manifests.workloads(base()) for v in w["spec"]["template"]["spec"]["volumes"] if "secret" in v}
        self.assertEqual(used, set(files))


@unittest.skipUnless(kustomize_is_there(), "no kubectl with kustomize 4 or newer")
class RenderTest(unittest.TestCase):

    def test_overlays_render_and_are_consistent(self):
        for overlay in sorted((KUBERNETES / "overlays").iterdir()):
            things = render(f"overlays/{overlay.name}")
            self.assertEqual(manifests.findings(things, rendered=True), [], overlay.name)
            for thing in things:
                if thing["kind"] != "Namespace":
                    self.assertEqual(thing["metadata"]["namespace"], "basisbench", manifests.name_of(thing))

    def test_local_has_two_plain_workers_and_no_secret(self):
        things = render("overlays/local")
        worker = next(w for w in manifests.workloads(things) if w["metadata"]["name"] == "basisbench-worker")
        self.assertEqual(worker["spec"]["replicas"], 2)
        text = json.dumps(things)
        self.assertNotIn("secretName", text)
        self.assertNotIn("BASISBENCH_TLS", text)
        self.assertIn('"BASISBENCH_INSECURE": "true"', text)

    def test_cluster_is_secure_and_carries_dashboards_monitors_and_rules(self):
        things = render("overlays/cluster")
        self.assertNotIn("BASISBENCH_INSECURE", json.dumps(things))
        kinds = [thing["kind"] for thing in things]
        self.assertEqual(kinds.count("PodMonitor"), 2)
        dashboards = [t for t in things if t["metadata"].get("labels", {}).get("grafana_dashboard") == "1"]
        titles = sorted(json.loads(text)["title"] for t in dashboards for text in t["data"].values())
        self.assertEqual(titles, ["Basisbench: one job", "Basisbench: overview"])
        groups = next(t for t in things if t["kind"] == "PrometheusRule")["spec"]["groups"]
        source = [g for name in ("alerts", "recording") for g in yaml.safe_load((ROOT / f"dashboards/rules/{name}.yml").read_text())["groups"]]
        self.assertEqual(groups, source)


    def test_gpu_has_secure_workers_on_gpus_that_may_share_memory(self):
        things = render("overlays/gpu")
        worker = next(w for w in manifests.workloads(things) if w["metadata"]["name"] == "basisbench-worker")
        pod = worker["spec"]["template"]["spec"]
        [container] = pod["containers"]
        self.assertRegex(container["image"], r"^basisbench-worker-cuda:\d")
        self.assertEqual(container["resources"]["limits"]["nvidia.com/gpu"], 8)
        self.assertNotIn("nvidia.com/gpu", container["resources"]["requests"], "requests of it are its limits")
        self.assertIn({"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}, pod["tolerations"])
        [shared] = [v["emptyDir"] for v in pod["volumes"] if v["name"] == "shm"]
        self.assertEqual(shared["medium"], "Memory")
        self.assertGreaterEqual(int(shared["sizeLimit"].removesuffix("Gi")), 8)
        values = {each["name"]: each.get("value") for each in container["env"]}
        self.assertEqual(values["BASISBENCH_DEVICE"], "cuda")
        self.assertIn('envname("BASISBENCH_DEVICE")', options.options_of("worker"))
        self.assertNotIn("BASISBENCH_SLOTS", values, "a slot for each GPU, not for each CPU")
        configs = {t["metadata"]["name"]: t["data"] for t in things if t["kind"] == "ConfigMap" and "data" in t}
        given = {key for source in container["envFrom"] for key in configs[source["configMapRef"]["name"]]}
        self.assertIn("NCCL_DEBUG", given)
        self.assertIn("BASISBENCH_TLS_CERT", given)
        cpu = next(w for w in manifests.workloads(render("overlays/cluster")) if w["metadata"]["name"] == "basisbench-worker")
        self.assertEqual(pod["securityContext"], cpu["spec"]["template"]["spec"]["securityContext"])


class CheckersTest(unittest.TestCase):
    """Each check finds what it is for."""

    def broken(self, change):
        things = copy.deepcopy(base())
        change({manifests.name_of(thing): thing for thing in things})
        return " / ".join(manifests.findings(things, rendered=False))

    def test_mistakes_are_found(self):
        def container(things):
            return things["StatefulSet/basisbench-worker"]["spec"]["template"]["spec"]["containers"][0]
        mistakes = {
            "selects no pod": lambda t: t["Service/basisbench-worker"]["spec"].update(selector={"app": "x"}),
            "has no port named web": lambda t: t["Service/basisbench-coordinator"]["spec"]["ports"][1].update(targetPort="web"),
            "has no livenessProbe": lambda t: container(t).pop("livenessProbe"),
            "restricted pod security": lambda t: container(t)["securityContext"].update(allowPrivilegeEscalation=True),
            "can write its root": lambda t: container(t)["securityContext"].update(readOnlyRootFilesystem=False),
            "volume shm": lambda t: container(t)["volumeMounts"].pop(2),
            "has no limits": lambda t: container(t)["resources"].pop("limits"),
            "there is no Service": lambda t: t["StatefulSet/basisbench-worker"]["spec"].update(serviceName="x"),
            "twice": lambda t: t["NetworkPolicy/basisbench-worker"]["metadata"].update(name="basisbench-coordinator"),
        }
        for words, change in mistakes.items():
            self.assertIn(words, self.broken(change))

    def test_unpinned_images_are_found(self):
        for image in ("basisbench-worker", "basisbench-worker:latest", "registry/x:main"):
            self.assertIsNone(manifests.PINNED.match(image), image)
        self.assertIsNotNone(manifests.PINNED.match("registry.example/x:0.1.0"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
