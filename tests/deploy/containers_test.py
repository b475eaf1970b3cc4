#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Images, compose file, provisioning and units, as far as they can be checked without a container engine: files exist, names
and ports agree, packages cover what the built programs load, scripts do what they say."""
import functools
import http.server
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import unittest

import options
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCKER = ROOT / "deploy/docker"
BIN = pathlib.Path(os.environ.get("BASISBENCH_BIN", ROOT / "build/dev/bin"))
PROGRAMS = {"coordinator": ["basisbench-coordinator"], "cli": ["basisbench"],
            "worker": ["basisbench-worker", "basisbench-runner", "basisbench-launch-agent", "basisbench-guard"]}
# Of a build with CUDA. The image without it is built without, the one with it has them from its base.
OF_CUDA = re.compile(r"/lib(cudart|cublas|cublasLt|cufft|nvJitLink|nccl)\.so\.")
BASE_SYSTEM = {"libc6", "libgcc-s1", "libstdc++6"}


def output(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def compose():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def stages():
    """{stage: its instructions} of the Dockerfile, continued lines joined."""
    text = (DOCKER / "Dockerfile").read_text().replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        if start := re.match(r"FROM (\S+) AS (\w+)", line):
            found[start.group(2)] = [line]
        elif found and line and not line.startswith("#"):
            list(found.values())[-1].append(line)
    return found


def runtime_packages(image):
    lines = [line.split() for line in (DOCKER / "runtime-packages.txt").read_text().splitlines() if line and not line.startswith("#")]
    return {name for name, *images in lines if image in images}


def with_dependencies(packages):
    """The packages and everything they depend on, from dpkg's list of what is installed."""
    rows = [row.split("\t") for row in output("dpkg-query", "-W", "-f", "${Package}\t${Pre-Depends}, ${Depends}\t${Provides}\n").splitlines()]
    depends = {name: set(re.findall(r"(?:^|[,|]\s*)([a-z0-9][\w.+-]*)", deps)) for name, deps, _ in rows}
    closed, todo = set(), set(packages)
    while todo:
        name = todo.pop()
        closed.add(name)
        todo |= {each for each in depends.get(name, ()) if each not in closed}
    return closed


@functools.lru_cache(maxsize=None)
def package_of(library):
    # Files are listed under the path they were packed with, /lib or /usr/lib.
    real = os.path.realpath(library)
    for path in (real, real.removeprefix("/usr")):
        run = subprocess.run(["dpkg", "-S", path], capture_output=True, text=True)
        if run.returncode == 0:
            return run.stdout.split(":")[0]
    return None


class PackagesTest(unittest.TestCase):

    def test_runtime_packages_cover_what_the_programs_load(self):
        checked = 0
        for image, programs in PROGRAMS.items():
            provided = with_dependencies(runtime_packages(image) | BASE_SYSTEM)
            for program in filter(pathlib.Path.exists, [BIN / name for name in programs]):
                checked += 1
                for library in re.findall(r"=> (/\S+)", output("ldd", program)):
                    if OF_CUDA.search(library):
                        continue
                    package = package_of(library)
                    self.assertIn(package, provided, f"{program.name} loads {library}, which image {image} lacks")
        if checked == 0:
            self.skipTest(f"no program in {BIN}")

    def test_what_is_loaded_or_started_at_run_time_is_there(self):
        self.assertLessEqual({"libopenblas0-pthread", "openmpi-bin"}, runtime_packages("worker"))
        source = (ROOT / "workers/devices/cpu/openblas.cc").read_text()
        self.assertIn('"libopenblas.so.0"', source, "another library is loaded: change the packages and this test")

    def test_the_packages_of_libraries_are_found_from_the_programs(self):
        """The script that an image of another distribution takes its list from, on the programs of this one."""
        for image, programs in PROGRAMS.items():
            built = [BIN / name for name in programs if (BIN / name).exists()]
            if not built:
                continue
            run = subprocess.run([DOCKER / "library-packages.sh", *built], capture_output=True, text=True)
            loaded = {library for program in built for library in re.findall(r"=> (/\S+)", output("ldd", program))}
            packages = {package_of(library) for library in loaded}
            if None in packages:
                self.assertEqual(run.returncode, 1)
                self.assertIn("no package has /", run.stderr)
            else:
                self.assertEqual(run.returncode, 0, run.stderr)
                self.assertEqual(set(run.stdout.split()), packages)
        self.assertEqual(subprocess.run([DOCKER / "library-packages.sh"], capture_output=True).returncode, 2)

    def test_every_package_belongs_to_an_image(self):
        named = set().union(*[runtime_packages(image) for image in PROGRAMS])
        lines = [line for line in (DOCKER / "runtime-packages.txt").read_text().splitlines() if line and not line.startswith("#")]
        self.assertEqual(len(lines), len(named))

    def test_the_install_script_chooses_by_image_and_refuses_an_unknown_one(self):
        fake = ROOT / "tests/deploy/fake_apt"
        environment = {"PATH": f"{fake}:{os.environ['PATH']}"}
        script = DOCKER / "install-packages.sh"
        for image in PROGRAMS:
            run = subprocess.run(["sh", "-c", f"sed 's#^rm .*##' {script} | sh -s {DOCKER}/runtime-packages.txt {image}"],
                                 env=environment, capture_output=True, text=True)
            asked = {word for line in run.stdout.splitlines() if " install " in line for word in line.split()[1:] if not word.startswith("-")}
            self.assertEqual(asked - {"install"}, runtime_packages(image), run.stderr)
        refused = subprocess.run([script, DOCKER / "runtime-packages.txt", "nothing"], env=environment, capture_output=True, text=True)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("names no package for 'nothing'", refused.stderr)


class DockerfileTest(unittest.TestCase):

    def test_sources_of_copies_exist_and_reach_the_build_context(self):
        ignored = (ROOT / ".dockerignore").read_text().split()
        for lines in stages().values():
            for line in lines:
                if not line.startswith("COPY ") or "--from" in line:
                    continue
                for source in line.split()[1:-1]:
                    self.assertTrue((ROOT / source).exists(), line)
                    self.assertNotIn(source, ignored)

    def test_images_hold_the_programs_run_as_nobody_and_start_one(self):
        for image, programs in PROGRAMS.items():
            text = "\n".join(stages()[image])
            self.assertEqual(set(re.findall(r"/release/bin/(\S+)", text)), set(programs))
            self.assertIn("USER 65532:65532", text)
            self.assertRegex(text, rf'ENTRYPOINT \[.*"/usr/local/bin/{programs[0]}"\]')
            self.assertIn(f"install-packages.sh /setup/runtime-packages.txt {image}", text)
            for name in re.findall(r"ENV (\w+)=", text):
                self.assertIn(f'envname("{name}")', options.options_of(image))
        self.assertRegex((DOCKER / "Dockerfile").read_text(), r"ARG DEBIAN=debian:\d+\.\d+-slim")

    def test_the_build_stages_use_presets_that_exist(self):
        presets = (ROOT / "CMakePresets.json").read_text()
        for stage, preset in (("build", "release"), ("build_cuda", "cuda")):
            self.assertEqual(set(re.findall(r"--preset (\w+)", "\n".join(stages()[stage]))), {preset})
            self.assertIn(f'"name": "{preset}"', presets)

    def test_the_worker_for_gpus_differs_from_the_other_by_its_base_and_device(self):
        cpu, gpu, build = ("\n".join(stages()[name]) for name in ("worker", "worker_cuda", "build_cuda"))
        self.assertEqual(set(re.findall(r"/cuda/bin/(\S+)", gpu)), set(PROGRAMS["worker"]))
        self.assertEqual(set(re.findall(r"/cuda/bin/([\w-]+)", build)), set(PROGRAMS["worker"]), "whose libraries are looked up")
        for line in ("USER", "HEALTHCHECK", "ENTRYPOINT", "EXPOSE", "VOLUME"):
            self.assertEqual(re.findall(rf"(?m)^{line} .*", gpu), re.findall(rf"(?m)^{line} .*", cpu))
        # What is started or loaded by name is not among the libraries that the programs are linked with.
        for package in ("tini", "openmpi-bin", "libopenblas0-pthread"):
            self.assertIn(package, build)
            self.assertIn(package, runtime_packages("worker"))
        settings = dict(re.findall(r"(\w+)=(\S+)", " ".join(re.findall(r"(?m)^ENV (.*)", gpu))))
        self.assertEqual(settings["BASISBENCH_DEVICE"], "cuda")
        self.assertEqual(settings["NVIDIA_DRIVER_CAPABILITIES"], "compute,utility", "utility is NVML")
        for name in settings:
            if name.startswith("BASISBENCH_"):
                self.assertIn(f'envname("{name}")', options.options_of("worker"))
        text = (DOCKER / "Dockerfile").read_text()
        self.assertRegex(text, r"(?m)^ARG CUDA=\d+\.\d+\.\d+$")
        for kind, stage in (("devel", build), ("runtime", gpu)):
            self.assertIn(f"FROM nvidia/cuda:${{CUDA}}-{kind}-ubuntu${{UBUNTU}}", stage)

    @unittest.skipUnless(shutil.which("shellcheck"), "no shellcheck")
    def test_scripts_pass_shellcheck(self):
        subprocess.run(["shellcheck", *DOCKER.glob("*.sh"), ROOT / "deploy/kubernetes/secrets.sh"], check=True)
        subprocess.run(["shellcheck", "-x", "deploy/dev/gpu.sh"], check=True, cwd=ROOT)


class HealthcheckTest(unittest.TestCase):

    def answer(self, status):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status if self.path == "/readyz" else 404)
                self.end_headers()

            def log_message(self, *_):
                pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            return subprocess.run([DOCKER / "healthcheck.sh", str(server.server_port)], capture_output=True, timeout=20).returncode
        finally:
            server.shutdown()
            server.server_close()

    def test_only_a_ready_process_is_healthy(self):
        self.assertEqual(self.answer(200), 0)
        self.assertNotEqual(self.answer(503), 0)
        self.assertNotEqual(subprocess.run([DOCKER / "healthcheck.sh", "1"], capture_output=True, timeout=20).returncode, 0)


class ComposeTest(unittest.TestCase):

    def test_services_build_targets_that_exist_from_pinned_images(self):
        for name, service in compose()["services"].items():
            self.assertRegex(service["image"], r":v?\d[\w.]+$", name)
            if "build" in service:
                self.assertIn(service["build"]["target"], stages())
                self.assertTrue((ROOT / service["build"]["dockerfile"]).exists())

    def test_ports_are_published_on_loopback_only(self):
        ports = [port for service in compose()["services"].values() for port in service.get("ports", [])]
        self.assertGreaterEqual(len(ports), 4)
        for port in ports:
            self.assertTrue(port.startswith("127.0.0.1:"), port)

    def test_every_service_but_the_client_is_health_checked_and_awaited(self):
        services = compose()["services"]
        for name, service in services.items():
            self.assertEqual("healthcheck" in service, name != "cli", name)
            for other, how in service.get("depends_on", {}).items():
                self.assertIn(other, services)
                self.assertEqual(how["condition"], "service_healthy")

    def test_settings_are_options_of_their_programs(self):
        for name, service in compose()["services"].items():
            image = service["image"].split(":")[0].removeprefix("basisbench-").removesuffix("-cuda")
            for setting in service.get("environment", {}):
                if image in options.SOURCES and setting.startswith("BASISBENCH_"):
                    self.assertIn(f'envname("{setting}")', options.options_of(image), name)

    def test_mounted_files_exist_and_named_volumes_are_declared(self):
        content = compose()
        for name, service in content["services"].items():
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                self.assertTrue((ROOT / source).exists() if source.startswith(".") else source in content["volumes"], f"{name}: {volume}")

    def test_only_the_profile_gpu_asks_for_gpus(self):
        asking = {}
        for name, service in compose()["services"].items():
            for device in service.get("deploy", {}).get("resources", {}).get("reservations", {}).get("devices", []):
                asking[name] = device
        self.assertEqual(asking, {"worker-gpu": {"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}})
        service = compose()["services"]["worker-gpu"]
        self.assertEqual(service["profiles"], ["gpu"])
        self.assertEqual(service["build"]["target"], "worker_cuda")
        self.assertEqual(service["environment"]["BASISBENCH_DEVICE"], "cuda")
        self.assertEqual(service["cap_drop"], ["ALL"])

    @unittest.skipUnless(shutil.which("docker-compose"), "no docker-compose")
    def test_docker_compose_accepts_it(self):
        subprocess.run(["docker-compose", "-f", ROOT / "docker-compose.yml", "--profile", "gpu", "config", "-q"], check=True, cwd=ROOT)


class ProvisioningTest(unittest.TestCase):

    def setUp(self):
        self.services = compose()["services"]
        self.mounts = {v.split(":")[1]: v.split(":")[0] for n in ("grafana", "prometheus") for v in self.services[n]["volumes"] if v.startswith(".")}

    def test_grafana_finds_dashboards_and_prometheus(self):
        [provider] = yaml.safe_load((ROOT / "deploy/grafana/provisioning/dashboards/basisbench.yml").read_text())["providers"]
        folder = self.mounts[provider["options"]["path"]]
        home = self.services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
        self.assertTrue((ROOT / folder / pathlib.Path(home).name).exists())
        self.assertEqual(str(pathlib.Path(home).parent), provider["options"]["path"])
        [source] = yaml.safe_load((ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]
        self.assertEqual(source["url"], "http://prometheus:9090")

    def test_prometheus_scrapes_the_coordinator_and_reads_the_rules(self):
        config = yaml.safe_load((ROOT / self.mounts["/etc/prometheus/prometheus.yml"]).read_text())
        [source] = yaml.safe_load((ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]
        self.assertEqual(source["jsonData"]["timeInterval"], config["global"]["scrape_interval"])
        self.assertEqual(config["rule_files"], ["rules/*.yml"])
        self.assertTrue(list((ROOT / self.mounts["/etc/prometheus/rules"]).glob("*.yml")))
        port = self.services["coordinator"]["environment"]["BASISBENCH_HTTP"].rsplit(":", 1)[1]
        coordinator, workers = config["scrape_configs"]
        self.assertEqual(coordinator["static_configs"][0]["targets"], [f"coordinator:{port}"])
        self.assertEqual(workers["http_sd_configs"][0]["url"], f"http://coordinator:{port}/sd/targets")
        routes = (ROOT / "services/coordinator/web/json_routes.cc").read_text()
        self.assertIn('"/sd/targets"', routes)
        self.assertIn(f'"{workers["relabel_configs"][0]["source_labels"][0]}"', routes)

    @unittest.skipUnless(shutil.which("promtool"), "no promtool")
    def test_promtool_accepts_the_configuration(self):
        subprocess.run(["promtool", "check", "config", "--lint=all", ROOT / "deploy/prometheus/prometheus.yml"], check=True, capture_output=True)


class UnitsTest(unittest.TestCase):

    def test_units_start_a_program_with_settings_it_has(self):
        units = sorted((ROOT / "deploy/systemd").glob("*.service"))
        self.assertEqual([unit.stem for unit in units], ["basisbench-coordinator", "basisbench-worker"])
        for unit in units:
            text = unit.read_text()
            self.assertIn(f"ExecStart=/usr/local/bin/{unit.stem}\n", text)
            declared = options.options_of(unit.stem.removeprefix("basisbench-"))
            for name in re.findall(r"\b(BASISBENCH_[A-Z]\w+)", text):
                self.assertIn(f'envname("{name}")', declared, unit.name)
            self.assertIn("NoNewPrivileges=yes", text)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze")
    def test_systemd_knows_every_setting(self):
        for unit in sorted((ROOT / "deploy/systemd").glob("*.service")):
            with tempfile.TemporaryDirectory() as folder:
                # It wants to see the program, which is not installed here.
                copy = pathlib.Path(folder) / unit.name
                copy.write_text(re.sub(r"(?m)^ExecStart=.*", "ExecStart=/bin/true", unit.read_text()))
                run = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, timeout=60)
                mine = [line for line in run.stderr.splitlines() if unit.name in line]
                self.assertEqual(mine, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
